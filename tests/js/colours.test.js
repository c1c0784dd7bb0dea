import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const TOKENS = readFileSync(new URL("../../static/css/tokens.css", import.meta.url), "utf8");

/** @param {string} token @returns {number} relative luminance, as WCAG has it */
function luminance(token) {
  const hex = new RegExp(`--${token}: #([0-9a-f]{6});`, "u").exec(TOKENS)?.[1];
  assert.ok(hex, token);
  const [red, green, blue] = [0, 2, 4].map((at) => {
    const part = parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** @param {string} a @param {string} b */
function contrast(a, b) {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

test("who sees no colours tells a seat that is being chosen from a free one and from their own", () => {
  assert.ok(contrast("seat-locked-stripe", "seat-fill") >= 2.5);
  assert.ok(contrast("seat-mine", "seat-locked-stripe") >= 3);
  assert.ok(contrast("seat-gone", "seat-locked-stripe") >= 2);
});

test("numbers and names can be read on what they stand on", () => {
  for (const ground of ["seat-fill", "seat-far", "seat-locked-stripe", "seat-locked-ground", "bad-ground", "panel"]) {
    assert.ok(contrast("text", ground) >= 4.5, ground);
  }
  assert.ok(contrast("on-mine", "seat-mine") >= 4.5);
  assert.ok(contrast("muted", "ground") >= 4.5);
});
