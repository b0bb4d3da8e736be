//! What `cargo xtask bench` runs: `bench makespan SEEDS`, `bench planning COUNT…`, `bench reads STATE` and `bench log`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench may panic, and tells what it has measured")]

mod drawn;
mod log;
mod makespan;
mod planning;
mod reads;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["makespan", seeds] => makespan::lines(seeds.parse().unwrap(), |line| println!("{line}")),
        ["planning", counts @ ..] => planning::growth(counts, |line| println!("{line}")),
        ["reads", state] => reads::per_kind(state, |line| println!("{line}")),
        ["log"] => log::costs(|line| println!("{line}")),
        ["planning-one", count] => println!("{}", planning::cost(count.parse().unwrap())),
        _ => panic!("usage: bench makespan SEEDS | planning COUNT… | reads STATE | log"),
    }
}
