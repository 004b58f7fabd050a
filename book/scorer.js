// How found pages are ranked: Sphinx's own weights, but lists of functions come after what explains them.
var Scorer = {
  score: ([page, , , , score]) => (/^api(\/|$)/.test(page) ? score - 100 : score),
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
