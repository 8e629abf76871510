/** The page: its parts and their connections. */
import { markInvalidNumbers, showError } from "./element.ts";
import { FlowComparison } from "./flow_comparison.ts";
import { Learning } from "./learning.ts";
import { NetChoice } from "./net_choice.ts";
import { TextChoice } from "./text_choice.ts";
import { Thinking } from "./thinking.ts";
import type { Trainer } from "./trainer.ts";
import { WorkerClient } from "./worker_client.ts";
import { Writing } from "./writing.ts";

const client = new WorkerClient<Trainer>("trainer.js", (reason) => learning.onCrash(reason));
const text = new TextChoice(() => {
  learning.restartNext();
  thinking.clearText();
});
const choice = new NetChoice({
  onRate: (rate) => void client.call((trainer) => trainer.setLearningRate(rate)).catch(() => {}),
  onTraining: () => learning.restartNext(),
});
const writing = new Writing(client);
const thinking = new Thinking(client);
const learning = new Learning(client, text, choice, {
  onNet(net) {
    writing.enabled = net !== undefined;
    thinking.setNet(net, text.text);
  },
  onProgress: () => void thinking.refresh(),
});
new FlowComparison(() => text.text);

markInvalidNumbers();
choice.show();
await text.load().catch((error) => showError("error", error));
