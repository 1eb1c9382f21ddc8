// The page looks every two seconds whether it is still true. It loads itself anew unless somebody is writing.
const mark = document.body.dataset.mark;
const news = document.getElementById("news");
let isTyping = false;

document.addEventListener("input", () => {
  isTyping = true;
});

async function look() {
  const asked = new URLSearchParams(location.search);
  asked.set("at", location.pathname);
  const answer = await fetch(`/page/mark?${asked}`).catch(() => null);
  if (!answer || !answer.ok || (await answer.text()) === mark) {
    return;
  }
  if (isTyping) {
    news.hidden = false;
  } else {
    location.reload();
  }
}
setInterval(look, 2000);

for (const person of document.querySelectorAll("select[data-go]")) {
  person.addEventListener("change", () => {
    const here = new URL(location);
    here.searchParams.set("by", person.value);
    here.searchParams.delete("said");
    location.replace(here);
  });
}

// The server understands plain forms only: a file goes along as text.
for (const chosen of document.querySelectorAll("input[type=file]")) {
  chosen.addEventListener("change", () => {
    const reader = new FileReader();
    reader.addEventListener("load", () => {
      chosen.form.file.value = reader.result.split(",")[1] || "";
      chosen.form.name.value = chosen.files[0].name;
    });
    if (chosen.files[0]) {
      reader.readAsDataURL(chosen.files[0]);
    }
  });
}
