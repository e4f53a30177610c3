#!/usr/bin/env node
/** Compile src/, or the folder named, with npm's solc and write what the worker and the tests load: build/<Contract>.json. */
"use strict";

const fs = require("fs");
const path = require("path");
const solc = require("solc");
const { readImport } = require("./imports");

const FOLDER = process.argv[2] ?? "src";
const SOURCES = path.join(__dirname, FOLDER);
const BUILD = path.join(__dirname, "build");

function main() {
  const output = JSON.parse(solc.compile(JSON.stringify(input()), { import: readImport }));
  const problems = output.errors ?? [];
  problems.forEach((problem) => process.stderr.write(problem.formattedMessage + "\n"));
  if (problems.length) process.exit(1);
  fs.mkdirSync(BUILD, { recursive: true });
  for (const file of sources()) write(path.basename(file, ".sol"), output.contracts[`${FOLDER}/${file}`]);
}

function input() {
  return {
    language: "Solidity",
    sources: Object.fromEntries(sources().map((file) => [`${FOLDER}/${file}`, { content: read(file) }])),
    settings: {
      viaIR: true,
      optimizer: { enabled: true, runs: 20000 },
      evmVersion: "cancun",
      // Without a hash of the sources' metadata the same code compiles to the same bytes in every directory.
      metadata: { bytecodeHash: "none" },
      outputSelection: {
        "*": { "*": ["abi", "metadata", "evm.bytecode.object", "evm.deployedBytecode"] },
      },
    },
  };
}

function sources() {
  return fs.readdirSync(SOURCES).filter((file) => file.endsWith(".sol"));
}

function read(file) {
  return fs.readFileSync(path.join(SOURCES, file), "utf8");
}

function write(name, contracts) {
  const { abi, evm, metadata } = contracts[name];
  // An interface or an abstract contract is only part of others.
  if (!evm.bytecode.object) return;
  const artifact = {
    abi,
    // In the shape of forge's, for its tests.
    bytecode: { object: "0x" + evm.bytecode.object },
    deployedBytecode: {
      object: "0x" + evm.deployedBytecode.object,
      immutableReferences: evm.deployedBytecode.immutableReferences,
    },
    metadata: JSON.parse(metadata),
  };
  const target = path.join(BUILD, `${name}.json`);
  // Written aside and renamed: a worker that starts meanwhile never reads half a file.
  fs.writeFileSync(target + ".new", JSON.stringify(artifact, null, 1) + "\n");
  fs.renameSync(target + ".new", target);
}

main();
