// Trains networks of the playground under Node: reads {engine, updates, cases: [[name, seed], ...]} from a file, writes what they became.
const fs = require("fs");
const { engine, updates, cases } = JSON.parse(fs.readFileSync(process.argv[2], "utf8"));
const { Training } = new Function(`${engine}; return naluEngine();`)();
process.stdout.write(JSON.stringify(cases.map(([name, seed]) => {
  const training = new Training(name, seed), begun = training.parameters(), logged = [];
  for (let t = 0; t <= updates && !training.stopped; t++) {
    if (t % 1000 === 0) logged.push(training.measure());
    if (t < updates) training.update();
  }
  return { begun, ended: training.parameters(), logged };
})));
