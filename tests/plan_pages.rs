//! Plans for people who are not at the terminal: a comment on a pull request, a page in a browser, a document for programs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{PLAN_SCHEMA, Place, edited};

/// A cluster with edits of several sorts: a database that is away, a way in that is opened, an object that is replaced.
fn pages() -> (Place, String, String) {
    let place = Place::new();
    place.applied("dev").expect("a cluster");
    let shipped = place.file("dev");
    let rule = "[[rule]]\nname = \"office\"\ngroup = \"alb\"\nport = 443\ncidr = \"41.0.0.0/24\"\ndescription = \"the office\"";
    let evil = "body = \"</td></details><script>alert(1)</script> | `x` @everybody\"";
    let edits = [("rds", "class = \"db.t3.small\""), ("alb", "access_logs = true"), ("alb.fixed_response", evil), ("+", rule)];
    place.write("dev", &edited(&shipped, &edits));
    let (markdown, html) = (place.path("plan.md"), place.path("plan.html"));
    let line = format!("plan dev --sandbox --replace nat-gateway.a --markdown={} --html={}", markdown.display(), html.display());
    let text = place.bbws(&line).exits(0).out;
    for part in [
        "! downtime, 3 to 15 minutes: the database is away",
        "! security: opens tcp 443 of security-group.alb to 41.0.0.0/24",
        "cost: +$",
        "Cost: +$",
        "3 can cause downtime",
        "! downtime, 3 to 6 minutes: between the old one and the new one there is none",
    ] {
        assert!(text.contains(part), "`{part}` in\n{text}");
    }
    let read = |path: &Path| fs::read_to_string(path).expect("a page");
    let pages = (read(&markdown), read(&html));
    assert_eq!(place.bbws("plan dev --sandbox --replace nat-gateway.a --markdown").exits(0).out, pages.0);
    assert_eq!(place.bbws("plan dev --sandbox --replace nat-gateway.a --html").exits(0).out, pages.1);
    place.bbws("plan dev --sandbox --html --markdown").exits(64);
    (place, pages.0, pages.1)
}

/// Where Chromium is; installed if that is possible.
fn chromium() -> Result<PathBuf, String> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/browser/setup.sh");
    let output = Command::new("sh").arg(script).output().map_err(|error| error.to_string())?;
    let told = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    if !output.status.success() {
        return Err(told);
    }
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    out.lines().last().map(|line| PathBuf::from(line.trim())).ok_or(told)
}

/// What Chromium prints and says when it opens a page.
fn opened(chromium: &Path, place: &Place, options: &[&str], page: &Path) -> (String, String) {
    let mut command = Command::new(chromium);
    command.args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run"]);
    command.args(["--enable-logging=stderr", "--v=0"]).arg(format!("--user-data-dir={}", place.path("browser").display()));
    command.args(options).arg(format!("file://{}", page.display())).env("HOME", place.path(""));
    let output = command.output().expect("Chromium runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}", text(&output.stderr));
    (text(&output.stdout), text(&output.stderr))
}

/// Follows every link of the picture, opens every step by hand, and writes down what that did.
const ROBOT: &str = r##"<script>
const rest = () => new Promise(done => setTimeout(done, 30));
const all = [...document.querySelectorAll('details')];
const close = () => all.forEach(one => one.open = false);
(async () => {
  const links = [...document.querySelectorAll('svg a')];
  let followed = 0;
  for (const link of links) {
    close();
    link.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}));
    await rest();
    const target = document.querySelector(link.getAttribute('href'));
    const open = all.filter(one => one.open);
    if (target && open.length === 1 && open[0].contains(target) && target.getClientRects().length > 0) followed += 1;
  }
  let byHand = 0;
  for (const one of all) {
    close();
    one.querySelector('summary').click();
    await rest();
    if (one.open && one.querySelector('.inner').getClientRects().length > 0) byHand += 1;
  }
  const told = document.documentElement.dataset;
  Object.assign(told, {links: links.length, followed, steps: all.length, hand: byHand, wide: document.documentElement.scrollWidth <= innerWidth});
})();
</script>"##;

#[test]
fn a_plan_is_a_comment_and_a_page_that_a_browser_opens() {
    let (place, markdown, html) = pages();
    for part in
        ["### bbws plan for dev: ", "> [!CAUTION]", "> [!WARNING]", "<details><summary>", "`db.t3.micro`", "`db.t3.small`", "a month"]
    {
        assert!(markdown.contains(part), "`{part}` in\n{markdown}");
    }
    assert!(markdown.len() < 65_536);
    for part in ["default-src 'none'", "prefers-color-scheme:dark", "db.t3.small", "&lt;script&gt;alert"] {
        assert!(html.contains(part), "{part}");
    }
    // Namespaces and links within the page aside, nothing in it leads anywhere.
    let elsewhere = html.replace("http://www.w3.org/2000/svg", "");
    assert!(!["http:", "https:", "<script", "src=", "url(", "@import", "<iframe"].iter().any(|bad| elsewhere.contains(bad)));

    let browser = match chromium() {
        Ok(path) => path,
        Err(why) => {
            eprintln!("\n!!! SKIPPED: the page was not opened in a browser: {why}\n");
            return;
        }
    };
    let (page, picture) = (place.path("plan.html"), Path::new(env!("CARGO_TARGET_TMPDIR")).join("plan.png"));
    let _ = fs::remove_file(&picture);
    let (_, said) = opened(&browser, &place, &[&format!("--screenshot={}", picture.display()), "--window-size=1280,1500"], &page);
    assert!(!said.contains("CONSOLE"), "the page makes the browser complain:\n{said}");
    let png = fs::read(&picture).expect("a picture");
    assert!(png.starts_with(b"\x89PNG") && png.len() > 30_000, "{} bytes", png.len());
    println!("what it looks like: {}", picture.display());

    let driven = place.path("driven.html");
    let (before, after) = html.split_once("<meta http-equiv").expect("a policy");
    let (_, after) = after.split_once('\n').expect("lines");
    fs::write(&driven, format!("{before}{after}").replace("</body>", &format!("{ROBOT}</body>"))).expect("a page");
    let (dom, said) = opened(&browser, &place, &["--dump-dom", "--virtual-time-budget=60000", "--window-size=1280,1500"], &driven);
    assert!(!said.contains("CONSOLE"), "{said}");
    let value = |name: &str| {
        let text = dom.split_once(&format!("data-{name}=\"")).unwrap_or_else(|| panic!("no {name}: {}", &dom[..dom.len().min(600)])).1;
        text.split('"').next().unwrap_or_default().to_owned()
    };
    let plan = place.bbws("plan dev --sandbox --replace nat-gateway.a --json").exits(0).json();
    let steps = plan["steps"].as_array().expect("steps").len().to_string();
    assert_eq!((value("links"), value("followed")), (steps.clone(), steps), "each step of the picture opens what it does");
    assert_eq!(value("steps"), value("hand"), "each can be opened by hand");
    assert_eq!(value("wide"), "true", "nothing sticks out of the page");
}

/// The golden plan has one of everything; what the other tests print is looked at where it is printed.
#[test]
fn the_schema_takes_every_plan_and_nothing_else() {
    let golden = include_str!("../crates/model/src/wire/snapshots/bbws_model__wire__plan__tests__format_1_stays_as_it_is.snap");
    let golden: Value = serde_json::from_str(golden.splitn(3, "---\n").nth(2).expect("a snapshot")).expect("a plan");
    assert_eq!(bbws_testkit::misfits(&PLAN_SCHEMA, &golden), Vec::<String>::new());
    for (at, value) in
        [("/format", 2.into()), ("/steps/0/action/do", "burn".into()), ("/basis/more", 1.into()), ("/counts/add", "1".into())]
    {
        let mut other = golden.clone();
        match other.pointer_mut(at) {
            Some(place) => *place = value,
            None => drop(other["basis"].as_object_mut().expect("a basis").insert("more".into(), value)),
        }
        assert!(!bbws_testkit::misfits(&PLAN_SCHEMA, &other).is_empty(), "{at}");
    }
}
