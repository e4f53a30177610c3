// Wallets that this browser has: they announce themselves (EIP-6963), are asked for an address, and sign the message of the page.
// Without JavaScript, or without a wallet, the address is typed and the signature pasted.

const CHOSEN = "wallet";  // the one whose address was taken, kept from the list to the page that asks for its signature
const found = new Map();

function announced(event) {
  const { info, provider } = event.detail ?? {};
  if (!info || !provider || found.has(info.uuid)) return;
  found.set(info.uuid, { info, provider });
  offer(info, provider);
  signAtOnce(info, provider);
}

// A button for each wallet in the list; its picture only where it is one that lies in the page itself.
function offer(info, provider) {
  const list = document.querySelector("[data-wallets]");
  if (!list) return;
  list.hidden = false;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn btn-wide";
  if (/^data:image\/(svg\+xml|png|jpeg|webp|gif)[;,]/.test(info.icon ?? "")) {
    const picture = document.createElement("img");
    picture.src = info.icon;
    picture.alt = "";
    picture.width = picture.height = 20;
    button.append(picture);
  }
  const name = document.createElement("span");
  name.textContent = String(info.name).slice(0, 40);
  button.append(name);
  button.addEventListener("click", () => take(info, provider));
  list.querySelector("[data-wallet-buttons]").append(button);
}

async function take(info, provider) {
  const form = document.querySelector("form[data-address-form]");
  await asking(async () => {
    const [address] = await provider.request({ method: "eth_requestAccounts" });
    if (!address) return say("none");
    sessionStorage.setItem(CHOSEN, info.rdns);
    form.elements.address.value = address;
    form.requestSubmit();
  });
}

// On the page that asks for a signature: by the wallet whose address was taken, or by a press on its button.
function signAtOnce(info, provider) {
  const form = document.querySelector("form[data-signature-form]");
  if (!form) return;
  const button = form.querySelector("[data-sign]");
  if (sessionStorage.getItem(CHOSEN) !== info.rdns) return;
  button.hidden = false;
  button.addEventListener("click", () => sign(form, provider));
  sessionStorage.removeItem(CHOSEN);
  sign(form, provider);
}

async function sign(form, provider) {
  await asking(async () => {
    const accounts = await provider.request({ method: "eth_requestAccounts" });
    const wanted = form.dataset.address;
    if (!accounts.some((each) => each.toLowerCase() === wanted.toLowerCase())) return say("other");
    const text = new TextEncoder().encode(document.querySelector("[data-message]").textContent);
    const hex = "0x" + Array.from(text, (byte) => byte.toString(16).padStart(2, "0")).join("");
    form.elements.signature.value = await provider.request({ method: "personal_sign", params: [hex, wanted] });
    form.requestSubmit();
  });
}

async function asking(what) {
  say("");
  try {
    await what();
  } catch (error) {
    say(error?.code === 4001 ? "rejected" : "failed");
  }
}

// The sentences stand in the page, in its language; the one that is true is shown.
function say(outcome) {
  for (const line of document.querySelectorAll("[data-outcome]")) line.hidden = line.dataset.outcome !== outcome;
}

addEventListener("eip6963:announceProvider", announced);
dispatchEvent(new Event("eip6963:requestProvider"));
