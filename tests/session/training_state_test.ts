import { assert, assertEquals, assertThrows } from "@std/assert";
import { adam, OptionError, type Session, ShapeError, type TrainingState } from "../../mod.ts";
import { OPTIMIZERS, start, STEPS, train } from "../support/trainer/resumable.ts";
import { SMALL, smallData } from "../support/session/small_net.ts";

/** All that a session has, as another process would get it: the numbers as text, the tensors as bytes. */
function saved(session: Session) {
  const { tensors, ...counts } = session.trainingState();
  return { state: { ...JSON.parse(JSON.stringify(counts)), tensors }, parameters: session.parameters() };
}

for (const [name, optimizer] of Object.entries(OPTIMIZERS)) {
  Deno.test(`${name}: a training cut at any step goes on bit for bit`, async () => {
    using whole = await start(optimizer);
    const losses = [], saves = [{ ...saved(whole), states: whole.states() }];
    for (let i = 0; i < STEPS; i++) {
      losses.push(...train(whole, i, i + 1));
      saves.push({ ...saved(whole), states: whole.states() });
    }
    const end = saves[STEPS];
    for (let cut = 1; cut < STEPS; cut++) {
      using resumed = await start(optimizer);
      const { parameters, state, states } = saves[cut];
      resumed.setParameters(parameters);
      resumed.setTrainingState(state);
      const first = resumed.step(smallData(SMALL.steps, SMALL.batch, cut), { states });
      if (cut % 3 === 0) resumed.report(first.loss);
      assertEquals([first.loss, ...train(resumed, cut + 1, STEPS)], losses.slice(cut), `cut at ${cut}`);
      assertEquals(saved(resumed), { parameters: end.parameters, state: end.state }, `cut at ${cut}`);
    }
  });
}

Deno.test("the state has the moments under PyTorch's names, and the averages", async () => {
  using session = await start(adam());
  const { tensors, ...counts } = session.trainingState(), parameters = [...session.parameters()];
  assertEquals(counts, { optimizer: "adam", seed: 0, updates: 0, skipped: 0, passes: 0, schedule: {} });
  const names = ["exp_avg", "exp_avg_sq", "average"].flatMap((m) => parameters.map(([name]) => `${m}.${name}`));
  assertEquals([...tensors.keys()], names);
  for (const [name, { shape }] of parameters) assertEquals(tensors.get(`exp_avg.${name}`)!.shape, shape);
});

Deno.test("a state that does not fit changes nothing", async () => {
  using session = await start(OPTIMIZERS.adamw);
  train(session, 0, 2);
  const before = saved(session), state = session.trainingState();
  const [name, { shape, data }] = [...state.tensors][3];
  const refused: [Partial<TrainingState>, new (message: string) => Error, string][] = [
    [{ optimizer: "adam" }, OptionError, 'optimizer "adam", the session was compiled with "adamw"'],
    [{ seed: 3 }, OptionError, "of seed 3, the session was compiled with seed 0"],
    [{ updates: -1 }, OptionError, '"updates"'],
    [{ skipped: NaN }, OptionError, '"skipped"'],
    [{ passes: 0.5 }, OptionError, '"passes"'],
    [{ schedule: {} }, OptionError, '"schedule"'],
    [{ schedule: { ...state.schedule, bad: "2" as unknown as number } }, OptionError, '"schedule"'],
    [{ tensors: new Map() }, ShapeError, "missing"],
    [{ tensors: new Map(state.tensors).set("exp_avg.other", { shape, data }) }, ShapeError, '"exp_avg.other"'],
    [{ tensors: new Map(state.tensors).set(name, { shape: [1], data: data.subarray(0, 1) }) }, ShapeError, name],
  ];
  for (const [part, error, message] of refused) {
    assertThrows(() => session.setTrainingState({ ...state, updates: 7, ...part }), error, message);
    assertEquals(saved(session), before);
  }
});

Deno.test("between accumulate and update there is no state to read or set", async () => {
  using session = await start(OPTIMIZERS.adam);
  const state = session.trainingState();
  session.accumulate(smallData(SMALL.steps, SMALL.batch));
  assertThrows(() => session.trainingState(), OptionError, "between");
  assertThrows(() => session.setTrainingState(state), OptionError, "between");
  session.update();
  assert(session.trainingState().updates === 1);
});
