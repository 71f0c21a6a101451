// Numbers as text, of any length and any exponent.

const NUMBER = /[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/g;
const WHOLE = new RegExp(`^${NUMBER.source}$`);

export const isNumber = (text) => WHOLE.test(text.trim());
export const numbersIn = (text) => text.match(NUMBER) ?? [];

// The logarithm to base 10 of a positive number; NaN of any other.
export function log10(text) {
  const [, whole, part = "", exponent = "0"] =
    /^\+?(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text.trim()) ?? [];
  if (whole === undefined) return NaN;
  const digits = (whole + part).replace(/^0+/, "");
  if (digits === "") return NaN;
  return Math.log10(Number(`0.${digits.slice(0, 17)}`)) + digits.length - part.length + Number(exponent);
}

export const isPositive = (text) => isNumber(text) && Number.isFinite(log10(text));

// A few digits of a number of pixels, for people.
export const few = (number) => Number(number.toPrecision(3)).toLocaleString("en");
