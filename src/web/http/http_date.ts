/** The dates of HTTP (RFC 9110, 5.6.7): one form written, three read. */

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;
const month = `(${months.join("|")})`;
const shortDay = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)";
const longDay = "(?:Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)";
const time = "(\\d\\d):(\\d\\d):(\\d\\d)";

const imfFixdate = new RegExp(`^${shortDay}, (\\d\\d) ${month} (\\d{4}) ${time} GMT$`);
const rfc850 = new RegExp(`^${longDay}, (\\d\\d)-${month}-(\\d\\d) ${time} GMT$`);
const asctime = new RegExp(`^${shortDay} ${month} ([ \\d]\\d) ${time} (\\d{4})$`);

/** Seconds since 1970 as an IMF-fixdate, the only form that is written: "Sun, 06 Nov 1994 08:49:37 GMT". */
export function formatHttpDate(seconds: number): string {
  // ECMAScript fixes this very form for toUTCString.
  return new Date(seconds * 1000).toUTCString();
}

/**
 * Seconds since 1970, or null when the text is none of the three forms or no such day or time exists. The name of the
 * weekday must be one, but is not compared with the date.
 *
 *     Sun, 06 Nov 1994 08:49:37 GMT     Sunday, 06-Nov-94 08:49:37 GMT     Sun Nov  6 08:49:37 1994
 *
 * `nowSeconds` decides the century of the two-digit year: one that looks more than 50 years away is in the past.
 */
export function parseHttpDate(text: string, nowSeconds: number): number | null {
  let match = imfFixdate.exec(text);
  if (match !== null) return seconds(match[3]!, match[2]!, match[1]!, match[4]!, match[5]!, match[6]!);
  match = asctime.exec(text);
  if (match !== null) return seconds(match[6]!, match[1]!, match[2]!, match[3]!, match[4]!, match[5]!);
  match = rfc850.exec(text);
  if (match === null) return null;
  const thisYear = new Date(nowSeconds * 1000).getUTCFullYear();
  let year = thisYear - (thisYear % 100) + Number(match[3]);
  if (year > thisYear + 50) year -= 100;
  return seconds(String(year), match[2]!, match[1]!, match[4]!, match[5]!, match[6]!);
}

function seconds(year: string, monthName: string, day: string, hour: string, minute: string, second: string) {
  const monthIndex = months.indexOf(monthName as (typeof months)[number]);
  // 60 is a leap second; Date.UTC makes the next minute of it.
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60) return null;
  const date = new Date(0);
  // Not Date.UTC, which takes the years 0 to 99 for 1900 to 1999.
  date.setUTCFullYear(Number(year), monthIndex, Number(day));
  if (date.getUTCDate() !== Number(day)) return null;
  return date.getTime() / 1000 + Number(hour) * 3600 + Number(minute) * 60 + Number(second);
}
