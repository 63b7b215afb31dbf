// The lamps on tiles, where the operator named a tile server. Without scripts the drawing beside it stays.
"use strict";

(() => {
  const place = document.querySelector(".tiles");
  if (!place) return;
  const drawing = place.parentElement.querySelector("svg");
  const plain = (text) => Object.assign(document.createElement("span"), { textContent: text }).innerHTML;
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const told = JSON.parse(place.dataset.spots);

  place.hidden = false;
  const map = L.map(place, { zoomControl: false, scrollWheelZoom: false, dragging: !L.Browser.mobile, zoomAnimation: !still, fadeAnimation: !still });
  map.attributionControl.setPrefix(false);
  L.control.zoom({ zoomInTitle: place.dataset.zoomIn, zoomOutTitle: place.dataset.zoomOut }).addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  L.tileLayer(place.dataset.tiles, { attribution: plain(place.dataset.attribution), maxZoom: 19, referrerPolicy: "origin" }).addTo(map);

  const bounds = L.latLngBounds([]);
  for (const line of told.dark) L.polyline(line, { className: "stretch" }).addTo(map);
  const order = ["off", "dimmed", "ok", "unknown", "fault"];
  told.lamps.sort((a, b) => order.indexOf(a[2]) - order.indexOf(b[2]));
  for (const [kind, spots] of [["lamp", told.lamps], ["box", told.cabinets]]) {
    for (const [id, name, state, lat, lon] of spots) {
      bounds.extend([lat, lon]);
      const go = () => location.assign(`/lights/${kind === "lamp" ? "lamps" : "cabinets"}/${id}${place.dataset.period}`);
      L.circleMarker([lat, lon], { radius: kind === "lamp" ? 6 : 10, className: `${kind} ${state}` }).bindTooltip(plain(name)).on("click", go).addTo(map);
    }
  }
  if (bounds.isValid()) map.fitBounds(bounds.pad(0.1), { maxZoom: 16, animate: false });
  if (drawing) drawing.remove();
})();
