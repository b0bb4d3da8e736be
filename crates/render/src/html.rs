//! What all pages begin with: no script, nothing from elsewhere, light and dark, and no colour says what no word says.

use crate::diagram::escaped;

/// Everything up to the first words of a page; `style` is what it has beside what all have.
pub(crate) fn opening(title: &str, style: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"color-scheme\" content=\"light dark\">\n\
         <link rel=\"icon\" href=\"data:,\">\n\
         <title>{}</title>\n<style>{STYLE}{style}</style>\n</head>\n<body>\n",
        escaped(title)
    )
}

/// The looks of all pages.
const STYLE: &str = "
:root{--ground:#fff;--ink:#1c2430;--dim:#5b6675;--line:#d5dbe3;--panel:#f5f7fa;--add:#1a7f37;--change:#8a5a00;--replace:#8250df;--destroy:#c4221f;--adopt:#0b6e99}
@media (prefers-color-scheme:dark){:root{--ground:#11161d;--ink:#e3e8ef;--dim:#98a4b3;--line:#303946;--panel:#1a212b;--add:#4cc26a;--change:#dfa63f;--replace:#b795ff;--destroy:#ff7b72;--adopt:#5cc5ee}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:78rem;padding:1.5rem;font:16px/1.5 system-ui,sans-serif;background:var(--ground);color:var(--ink)}
h1{font-size:1.4rem;margin:0}h2{font-size:1.05rem;margin:1.6rem 0 .5rem}h2::first-letter{text-transform:uppercase}
.headline{font-size:1.25rem;font-weight:600;margin:.3rem 0}p{margin:.3rem 0}.dim,footer{color:var(--dim)}
a{color:var(--adopt)}code,td,.step{font-family:ui-monospace,monospace;font-size:.85rem}
.dangers{border:2px solid var(--destroy);border-radius:8px;padding:0 1rem .6rem;margin-top:1rem}.dangers h2{margin-top:.7rem}
ul{margin:.2rem 0;padding-left:1.2rem}li{overflow-wrap:anywhere}
.picture{overflow:auto;max-height:75vh;border:1px solid var(--line);border-radius:8px;background:var(--panel)}
details{border:1px solid var(--line);border-radius:6px;margin:.35rem 0;background:var(--panel)}summary{cursor:pointer;padding:.4rem .7rem;overflow-wrap:anywhere}
.inner{padding:.2rem .9rem .8rem;border-top:1px solid var(--line)}.step{color:var(--dim);scroll-margin-top:40vh}.step:target{outline:2px solid var(--adopt)}
.verb{display:inline-block;min-width:6.5rem;font-weight:600}.add{color:var(--add)}.change{color:var(--change)}.replace{color:var(--replace)}.destroy{color:var(--destroy)}.adopt{color:var(--adopt)}
.risk,summary strong{color:var(--destroy)}.cost{float:right;color:var(--dim)}
table{border-collapse:collapse;width:100%;margin-top:.5rem;table-layout:fixed}th,td{border:1px solid var(--line);padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}th{font-size:.85rem}th:first-child{width:26%}
footer{margin-top:2rem;font-size:.85rem;overflow-wrap:anywhere}
";
