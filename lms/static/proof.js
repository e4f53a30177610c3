// Checks a member's proof in this browser, with nothing but what browsers have. How the tree is made, and why, stands in
// lms/formats/solvency_proof.py, which answers the same for every file.

const FORMAT = "teo-solvency/1";
const FIELDS = "amount,chain_id,day,format,member,notary,path,root,salt,total,transaction";
const STEP = "hash,side,sum";
const LARGEST_SUM = 2n ** 64n - 1n;
const LARGEST_FILE = 64 * 1024;
const HIGHEST = 64;
const HASH = /^0x[0-9a-f]{64}$/;
const ADDRESS = /^0x[0-9a-fA-F]{40}$/;
const NUMBER = /^(0|[1-9][0-9]{0,19})$/;
const DAY = /^[0-9]{4}-[0-9]{2}-[0-9]{2}$/;
const MEMBER = /^[^\x00-\x20\x7f-\x9f\ud800-\udfff]{1,320}$/u;

class Refusal extends Error {}

function demand(holds) {
  if (!holds) throw new Refusal("the proof does not hold");
}

// Whether the proof in this text leads from its leaf to its root and total.
export async function holds(text) {
  try {
    const proof = read(text), top = await climb(proof);
    return top.sum === proof.total && hex(top.hash) === hex(proof.root);
  } catch (error) {
    if (error instanceof Refusal) return false;
    throw error;
  }
}

function read(text) {
  demand(new TextEncoder().encode(text).length <= LARGEST_FILE);
  const fields = parsed(text);
  exactly(fields, FIELDS);
  demand(fields.format === FORMAT && Array.isArray(fields.path) && fields.path.length <= HIGHEST);
  for (const [name, pattern] of [["notary", ADDRESS], ["transaction", HASH], ["chain_id", NUMBER]]) {
    if (fields[name] !== null) matching(fields[name], pattern);
  }
  if (fields.chain_id !== null) number(fields.chain_id);
  return {
    day: matching(fields.day, DAY),
    member: matching(fields.member, MEMBER),
    amount: number(fields.amount),
    salt: bytes(fields.salt),
    path: fields.path.map(step),
    root: bytes(fields.root),
    total: number(fields.total),
  };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal("no JSON");
  }
}

function exactly(fields, names) {
  demand(fields !== null && typeof fields === "object" && !Array.isArray(fields));
  demand(Object.keys(fields).sort().join() === names);
}

function step(fields) {
  exactly(fields, STEP);
  demand(fields.side === "left" || fields.side === "right");
  return { side: fields.side, hash: bytes(fields.hash), sum: number(fields.sum) };
}

function matching(value, pattern) {
  demand(typeof value === "string" && pattern.test(value));
  return value;
}

function number(text) {
  const value = BigInt(matching(text, NUMBER));
  demand(value <= LARGEST_SUM);
  return value;
}

function bytes(text) {
  return Uint8Array.from(matching(text, HASH).slice(2).match(/../g), (pair) => parseInt(pair, 16));
}

function hex(found) {
  return "0x" + Array.from(found, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// From the leaf up: the hash and the sum at the top.
async function climb(proof) {
  const identity = await blinded(proof);
  let top = { hash: await sha256([0], identity, eightBytes(proof.amount)), sum: proof.amount };
  for (const sibling of proof.path) top = await (sibling.side === "left" ? parent(sibling, top) : parent(top, sibling));
  return top;
}

async function blinded({ day, member, salt }) {
  const key = await crypto.subtle.importKey("raw", salt, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(`${day}\n${member}`)));
}

async function parent(left, right) {
  const sum = left.sum + right.sum;
  demand(sum <= LARGEST_SUM);
  return { hash: await sha256([1], left.hash, eightBytes(left.sum), right.hash, eightBytes(right.sum)), sum };
}

async function sha256(...parts) {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(parts.flatMap((part) => [...part]))));
}

function eightBytes(value) {
  const eight = new DataView(new ArrayBuffer(8));
  eight.setBigUint64(0, value);
  return new Uint8Array(eight.buffer);
}

// On the wallet's page: is the file the one the page speaks of, and does it hold? Each answer stands there already, hidden.
async function show(page) {
  const { proof: address, ...shown } = page.dataset;
  const say = (name, outcome) => {
    for (const words of page.querySelectorAll(`[data-check="${name}"] > [data-outcome]`)) words.hidden = words.dataset.outcome !== outcome;
  };
  const checks = await outcomes(address, shown);
  for (const name of ["leaf", "path", "total", "root", "verdict"]) say(name, checks[name]);
}

async function outcomes(address, shown) {
  const all = (outcome) => ({ leaf: outcome, path: outcome, total: outcome, root: outcome, verdict: outcome });
  try {
    return worded(await compared(await load(address), shown));
  } catch (error) {
    return all(error instanceof Refusal ? "refused" : "unable");
  }
}

async function load(address) {
  const answer = await fetch(address);
  if (!answer.ok || answer.redirected) throw new Error(`the proof is not there: ${answer.status}`);
  return answer.text();
}

async function compared(text, shown) {
  const proof = read(text), top = await climb(proof);
  return {
    leaf: proof.day === shown.day && proof.member === shown.member && String(proof.amount) === shown.amount,
    path: hex(top.hash) === hex(proof.root),
    total: top.sum === proof.total && String(proof.total) === shown.total,
    root: hex(proof.root) === shown.root,
  };
}

function worded(checks) {
  const all = { ...checks, verdict: Object.values(checks).every(Boolean) };
  return Object.fromEntries(Object.entries(all).map(([name, holds]) => [name, holds ? "holds" : "refused"]));
}

const page = document.querySelector("[data-proof]");
if (page) show(page);
