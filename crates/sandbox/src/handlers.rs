//! The operations that are simulated.

use std::any::type_name;
use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;

use aws_smithy_runtime_api::client::interceptors::context::{Input, Output};

use crate::cloud::At;
use crate::fate::Answer;

/// A captured call, ready to run on the cloud once or, late, later.
pub(crate) type Run = Arc<dyn Fn(&mut At<'_>) -> Answer<Output> + Send + Sync>;
type Capture = Box<dyn Fn(&Input) -> Option<Run> + Send + Sync>;
/// What time alone does to the cloud.
type Tick = Box<dyn Fn(&mut At<'_>) + Send + Sync>;

/// The operations that are simulated, and what time does by itself.
#[derive(Default)]
pub(crate) struct Handlers {
    captures: HashMap<String, Vec<Capture>>,
    ticks: Vec<Tick>,
}

impl Handlers {
    /// Adds one operation. Service and operation follow from the types: `.on(create_vpc)` is enough.
    pub(crate) fn on<I, O>(self, handler: impl Fn(&mut At<'_>, &I) -> Answer<O> + Send + Sync + 'static) -> Self
    where
        I: Clone + Debug + Send + Sync + 'static,
        O: Debug + Send + Sync + 'static,
    {
        self.on_part(I::clone, handler)
    }

    /// The same for inputs that cannot be cloned (`PutObject`: its body is a stream): `part` takes out what the handler
    /// needs.
    pub(crate) fn on_part<I, P, O>(
        mut self,
        part: impl Fn(&I) -> P + Send + Sync + 'static,
        handler: impl Fn(&mut At<'_>, &P) -> Answer<O> + Send + Sync + 'static,
    ) -> Self
    where
        I: Debug + Send + Sync + 'static,
        P: Send + Sync + 'static,
        O: Debug + Send + Sync + 'static,
    {
        let module = |path: &'static str| path.rsplitn(3, "::").nth(2).unwrap_or_default();
        assert_eq!(module(type_name::<I>()), module(type_name::<O>()), "input and output of two operations");
        let name = operation(type_name::<I>().rsplit("::").next().unwrap_or_default().trim_end_matches("Input"));
        let handler = Arc::new(handler);
        self.captures.entry(name).or_default().push(Box::new(move |input: &Input| {
            let (part, handler) = (part(input.downcast_ref::<I>()?), handler.clone());
            Some(Arc::new(move |at: &mut At<'_>| handler(at, &part).map(Output::erase)))
        }));
        self
    }

    /// Adds what time alone does: what was `deleting` is gone, what was `pending` needs nothing.
    pub(crate) fn tick(mut self, tick: impl Fn(&mut At<'_>) + Send + Sync + 'static) -> Self {
        self.ticks.push(Box::new(tick));
        self
    }

    /// Takes the call's input over, if its operation is simulated.
    pub(crate) fn capture(&self, name: &str, input: &Input) -> Option<Run> {
        self.captures.get(&operation(name))?.iter().find_map(|capture| capture(input))
    }

    /// Lets time do its work.
    pub(crate) fn pass_time(&self, at: &mut At<'_>) {
        for tick in &self.ticks {
            tick(at);
        }
    }
}

/// Rust says `DescribeDbInstances`, AWS `DescribeDBInstances`.
fn operation(name: &str) -> String {
    name.to_lowercase()
}
