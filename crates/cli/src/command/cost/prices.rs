//! Where prices are from: those of bbws, the user's own file before them, and AWS's Price List that writes it.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use bbws_model::{CloudError, World};
use bbws_operate::cost::{Bill, ListError, PriceFile, Prices, Query, differs, query};
use bbws_render::ErrorId;
use futures::future::join_all;

use crate::Failure;
use crate::args::Global;
use crate::cloud::{Cloud, Link};
use crate::project::Project;
use crate::session::{Offline, connect};
use crate::ui::Ui;

/// How many questions are asked side by side.
const ABREAST: usize = 5;

/// The prices of a region: those that bbws comes with, and before them those of the user's own file.
///
/// # Errors
/// When that file cannot be read, or is none.
pub(crate) fn prices(project: &Project, region: &str, sandbox: bool) -> Result<Prices, Failure> {
    let path = project.prices(region, sandbox);
    let wrong = |path: &Path, why: String| {
        Failure::error(ErrorId::File, format!("the prices in {} cannot be used", path.display()))
            .because(why)
            .advise("correct the file, or remove it: bbws has prices of its own")
    };
    let built_in = Prices::built_in(region).map_err(|error| wrong(Path::new("bbws"), error.to_string()))?;
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(built_in),
        Err(error) => return Err(wrong(&path, error.to_string())),
    };
    let own = PriceFile::read(&text).map_err(|error| wrong(&path, error.to_string()))?;
    if own.region != region {
        return Err(wrong(&path, format!("it is for {}", own.region)));
    }
    Ok(built_in.with(own))
}

/// Asks AWS's Price List, and writes what it says into the user's own file. What it does not tell stays as it was.
///
/// # Errors
/// When AWS cannot be reached, the account is another one, or the file cannot be written.
pub(super) async fn refresh<C: Cloud>(
    ui: &mut Ui,
    project: &Project,
    global: &Global,
    cloud: &C,
    offline: &Offline,
    (before, bill): (&Prices, &Bill),
) -> Result<(), Failure> {
    let environment = &offline.environment;
    let (link, _) = connect(offline, cloud, project, global, "cost").await?;
    let queries = queries(before, bill);
    if !ui.json {
        ui.remark(format!("Asking AWS's Price List for {} prices in {} …", queries.len(), environment.region));
    }
    let date = jiff::tz::TimeZone::UTC.to_datetime(link.clock().now()).date();
    let (source, about) = match link.world() {
        World::Aws => ("price-list", "AWS's Price List, asked by bbws".to_owned()),
        other => ("price-list", format!("the Price List of {other}, not of AWS")),
    };
    let mut file = PriceFile::of(&environment.region, date, source, &about);
    let (mut changed, mut untold) = (vec![], vec![]);
    for (query, answer) in ask(&link, &queries).await? {
        match (answer, before.of(&query.item)) {
            (Ok(usd), Some(was)) => {
                file = file.with(&was, usd, source);
                let now = bbws_operate::cost::Price { usd, ..was.clone() };
                changed.extend(differs(&was, usd).then(|| format!("  {}: {was}, now {now}", query.item)));
            }
            (Ok(usd), None) => {
                file = file.with(&query.like(&environment.region), usd, source);
                changed.push(format!("  {}: ${usd} per hour, unknown before", query.item));
            }
            (Err(why), _) => untold.push(format!("  {}: {why}", query.item)),
        }
    }
    let path = project.prices(&environment.region, global.sandbox);
    write(&path, &file).map_err(|error| {
        Failure::error(ErrorId::File, format!("the prices cannot be written to {}", path.display()))
            .because(error)
            .advise("check the folder's permissions")
    })?;
    if ui.json {
        return Ok(());
    }
    ui.remark(format!(
        "{} prices are in {} now, as of {date}; {} of them are other than before.",
        file.len(),
        path.display(),
        changed.len()
    ));
    changed.iter().for_each(|line| ui.remark(line));
    if !untold.is_empty() {
        ui.remark(format!("{} it does not tell; they stay as they were:", untold.len()));
        untold.iter().for_each(|line| ui.remark(line));
    }
    ui.remark("");
    Ok(())
}

/// What is asked for: all that has a price, and what the bill has beside; of the many classes of databases only those of the bill.
fn queries(prices: &Prices, bill: &Bill) -> Vec<Query> {
    let billed: BTreeSet<&str> = bill.lines().map(|line| line.item.as_str()).collect();
    let all = prices.all();
    let known = all.keys().map(String::as_str).filter(|item| !item.starts_with("rds.instance."));
    let items: BTreeSet<&str> = known.chain(billed).collect();
    items.into_iter().filter_map(|item| query(item, prices.region())).collect()
}

type Told<'q> = (&'q Query, Result<f64, ListError>);

async fn ask<'q, L: Link>(link: &L, queries: &'q [Query]) -> Result<Vec<Told<'q>>, Failure> {
    let unasked = |error: &CloudError| {
        Failure::cloud("AWS's Price List cannot be asked", error)
            .advise("it takes the permission pricing:GetProducts on *; nothing was written, and the prices so far hold")
    };
    let mut told = vec![];
    for some in queries.chunks(ABREAST) {
        let answers = join_all(some.iter().map(|query| link.products(query.service, &query.filters))).await;
        for (query, documents) in some.iter().zip(answers) {
            told.push((query, query.read(&documents.map_err(|error| unasked(&error))?)));
        }
    }
    Ok(told)
}

/// Whole or not at all.
fn write(path: &Path, file: &PriceFile) -> io::Result<()> {
    let text = file.write().map_err(io::Error::other)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let beside = path.with_extension("toml.new");
    fs::write(&beside, text)?;
    fs::rename(&beside, path)
}
