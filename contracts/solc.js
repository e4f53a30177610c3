#!/usr/bin/env node
/** What forge calls instead of a solc it would download: npm's, behind the two options forge uses. */
"use strict";

const fs = require("fs");
const solc = require("solc");
const { readImport } = require("./imports");

if (process.argv.includes("--version")) {
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`);
} else {
  const input = fs.readFileSync(0, "utf8");
  process.stdout.write(solc.compile(input, { import: readImport }));
}
