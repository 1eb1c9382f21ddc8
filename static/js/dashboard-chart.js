// Draws the days by Chart.js over the lines that the server drew: pointing shows numbers, the legend hides lines.
(function () {
  "use strict";
  const SERIES = [
    { column: 1, color: "--line3", width: 1.5, fill: true, order: 3 },
    { column: 2, color: "--ink", width: 2, fill: false, order: 2 },
    { column: 4, color: "--over", width: 2, fill: false, order: 1 },
  ];
  let chart = null;
  const hidden = new Set();

  function token(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

  function numbers(column) {
    return Array.from(document.querySelectorAll("#course-numbers tbody tr"), function (row) {
      return Number(row.cells[column].textContent.replace(/\D/g, ""));
    });
  }

  function draw() {
    const box = document.querySelector("[data-course]");
    const table = document.getElementById("course-numbers");
    if (chart) { chart.destroy(); chart = null; }
    if (!box || !table || !window.Chart) { return; }
    const heads = table.querySelectorAll("tbody th"), titles = table.querySelectorAll("thead th");
    if (heads.length < 2) { return; }
    const canvas = document.createElement("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", box.querySelector("svg").getAttribute("aria-label"));
    const holder = document.createElement("div");
    holder.className = "db-canvas";
    holder.append(canvas);
    box.querySelectorAll(".db-canvas").forEach(function (old) { old.remove(); });
    box.append(holder);
    box.classList.add("drawn");
    const ink = token("--ink3"), grid = token("--line"), font = { family: "Inter Variable, sans-serif", size: 11 };
    chart = new window.Chart(canvas, {
      type: "line",
      data: {
        labels: Array.from(heads, function (head) { return head.textContent; }),
        datasets: SERIES.map(function (series) {
          const title = titles[series.column].textContent;
          return {
            label: title, data: numbers(series.column), borderColor: token(series.color), borderWidth: series.width,
            backgroundColor: series.fill ? token("--sunken") : token(series.color), fill: series.fill, tension: 0,
            order: series.order, pointRadius: 0, pointHoverRadius: 4, pointHitRadius: 12, hidden: hidden.has(title),
          };
        }),
      },
      options: {
        animation: false, maintainAspectRatio: false, interaction: { mode: "index", intersect: false },
        scales: {
          x: { grid: { display: false }, border: { color: grid },
            ticks: { color: ink, font: font, maxRotation: 0, autoSkipPadding: 16,
              callback: function (value) { return heads[value].dataset.short; } } },
          y: { beginAtZero: true, grid: { color: grid }, border: { display: false },
            ticks: { color: ink, font: font, precision: 0, maxTicksLimit: 5 } },
        },
        plugins: {
          legend: {
            align: "end", labels: { color: token("--ink2"), font: font, boxWidth: 14, boxHeight: 2 },
            onClick: function (event, item, legend) {
              const title = item.text, shown = legend.chart.isDatasetVisible(item.datasetIndex);
              if (shown) { hidden.add(title); } else { hidden.delete(title); }
              legend.chart.setDatasetVisibility(item.datasetIndex, !shown);
              legend.chart.update();
            },
          },
          tooltip: {
            backgroundColor: token("--raised"), titleColor: token("--ink"), bodyColor: token("--ink2"),
            borderColor: token("--line2"), borderWidth: 1, padding: 10, titleFont: font, bodyFont: font,
            boxWidth: 8, boxHeight: 8,
          },
        },
      },
    });
  }

  document.addEventListener("DOMContentLoaded", draw);
  document.addEventListener("htmx:afterSettle", function (event) { if (event.target.id === "figures") { draw(); } });
  new MutationObserver(draw).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
})();
