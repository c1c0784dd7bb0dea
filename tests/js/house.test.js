import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const STATIC = new URL("../../static/", import.meta.url);

/** @param {string} folder @param {string} ending @returns {[string, string][]} path and text of each file */
function files(folder, ending) {
  const names = readdirSync(new URL(folder, STATIC)).filter((name) => name.endsWith(ending));
  assert.ok(names.length, `nothing in ${folder}`);
  return names.map((name) => [`${folder}${name}`, readFileSync(new URL(folder + name, STATIC), "utf8")]);
}

/** @param {string} source */
const withoutComments = (source) => source.replace(/\/\*[\s\S]*?\*\//gu, "").replace(/\/\/.*$/gmu, "");

test("the core knows no page: no DOM, no globals of a window, no import from outside", () => {
  for (const [path, source] of files("js/core/", ".js")) {
    const code = withoutComments(source);
    assert.doesNotMatch(
      code,
      /\b(document|window|location|navigator|localStorage|HTMLElement|setTimeout|Date\.now)\b/u,
      path,
    );
    assert.doesNotMatch(code, /from "(?!\.\/)/u, path);
  }
});

test("the parts of the page open no socket and ask nothing over HTTP by themselves", () => {
  for (const [path, source] of files("js/ui/", ".js")) {
    const code = withoutComments(source);
    assert.doesNotMatch(code, /\bnew WebSocket\b|\bfetch\(/u, path);
    assert.doesNotMatch(code, /from "\.\.\/pages/u, path);
  }
});

test("text goes in as text alone", () => {
  for (const folder of ["js/core/", "js/ui/", "js/pages/", "js/staff/"]) {
    for (const [path, source] of files(folder, ".js")) {
      assert.doesNotMatch(source, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b/u, path);
    }
  }
});

test("the pages have nothing inline and load nothing from elsewhere", () => {
  for (const [path, source] of files("pages/", ".html")) {
    assert.doesNotMatch(source, /<style|\sstyle=|\son\w+=|javascript:|<script(?![^>]*\ssrc=)/iu, path);
    assert.doesNotMatch(source, /(?:src|href)="(?!\/)/u, path);
  }
});
