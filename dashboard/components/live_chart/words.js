// Numbers as a person says them.
export const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

export function duration(seconds) {
  if (seconds < 1) return "under 1 s";
  const total = Math.round(seconds), hours = Math.floor(total / 3600), minutes = Math.floor((total % 3600) / 60);
  if (hours) return `${hours} h ${minutes} min`;
  if (minutes >= 10) return `${minutes} min`;
  return minutes ? `${minutes} min ${total % 60} s` : `${total} s`;
}

// A loss of 0.37, a rate of 0.0003, a rate of 3e-6: as many digits as tell values apart.
export function figure(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1000 || size < 0.00000995) return value.toExponential(1);
  return size >= 0.1 ? value.toFixed(2) : String(Number(value.toPrecision(2)));
}

export const percent = (share) => `${(100 * share).toFixed(share > 0.995 && share < 1 ? 1 : 0)} %`;
