// Dates and times as carts read them.

export function isoDate({ year, month, day }) {
  return `${padded(year, 4)}-${padded(month)}-${padded(day)}`;
}

export function isoTime({ date, hour, minute, second, utcOffsetMinutes }) {
  return `${isoDate(date)}T${padded(hour)}:${padded(minute)}:${padded(second)}${offset(utcOffsetMinutes)}`;
}

function offset(minutes) {
  if (minutes === null) return "";
  const away = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${padded(Math.floor(away / 60))}:${padded(away % 60)}`;
}

function padded(number, length = 2) {
  return String(number).padStart(length, "0");
}
