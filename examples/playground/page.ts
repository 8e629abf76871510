/** The page: its parts, and who hears of what. */
import { complain } from "./element.ts";
import { FlowComparison } from "./flow_comparison.ts";
import { Learning } from "./learning.ts";
import { Line } from "./line.ts";
import { NetChoice } from "./net_choice.ts";
import { TextChoice } from "./text_choice.ts";
import { Thinking } from "./thinking.ts";
import type { Trainer } from "./trainer.ts";
import { Writing } from "./writing.ts";

const line = new Line<Trainer>("trainer.js", (reason) => learning.died(reason));
const text = new TextChoice(() => {
  learning.changed();
  thinking.forget();
});
const choice = new NetChoice({
  onRate: (rate) => void line.ask((trainer) => trainer.setLearningRate(rate)).catch(() => {}),
  onTraining: () => learning.changed(),
});
const writing = new Writing(line), thinking = new Thinking(line);
const learning = new Learning(line, text, choice, {
  onNet(net) {
    writing.ready = net !== undefined;
    thinking.meet(net, text.text);
  },
  onProgress: () => void thinking.refresh(),
});
new FlowComparison(() => text.text);

choice.show();
await text.begin().catch((error) => complain("error", error));
