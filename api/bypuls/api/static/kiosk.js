// One page after the other on a wall's screen. The next one is fetched before it is gone to: one that the platform can't show
// is passed over, and while the platform is out of reach the last page stays, and says so.
"use strict";

(() => {
  const { turn, every, leave } = document.body.dataset;
  const lost = document.getElementById("lost");
  const shown = async (address) => {
    const answer = await fetch(address, { cache: "no-store" });
    if (!answer.ok) console.warn(`${address}: ${answer.status}`);
    return answer.ok;
  };
  const go = async () => {
    try {
      for (const address of turn.split(" ")) {
        if (await shown(address)) {
          location.replace(address);
          return;
        }
      }
    } catch {
      // Out of reach: said below, like a platform that can show nothing at all.
    }
    lost.hidden = false;
    setTimeout(go, 5000);
  };
  setTimeout(go, Number(every) * 1000);
  addEventListener("keydown", (event) => {
    if (event.key === "Escape") location.assign(leave);
  });
})();
