//! What `cargo xtask bench` runs: `bench makespan SEEDS` and `bench planning COUNT…`.

#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench may panic, and tells what it has measured")]

mod drawn;
mod makespan;
mod planning;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["makespan", seeds] => makespan::lines(seeds.parse().unwrap(), |line| println!("{line}")),
        ["planning", counts @ ..] => planning::growth(counts, |line| println!("{line}")),
        ["planning-one", count] => println!("{}", planning::cost(count.parse().unwrap())),
        _ => panic!("usage: bench makespan SEEDS | planning COUNT…"),
    }
}
