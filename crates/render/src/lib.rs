//! What people and machines read: plans, progress, state, findings, diagrams. Pure: data in, text out.
//!
//! Every text takes a [`Style`] and passes through one page, which makes harmless what could steer a terminal.

mod assumptions;
mod bundle;
mod care;
mod cluster_page;
mod cost;
mod diagram;
mod drift;
mod errors;
mod finding;
mod html;
mod import;
mod output;
mod page;
mod part;
mod past;
mod permissions;
mod plan;
mod preflight;
mod run;
mod runs;
mod safety;
mod state;
mod style;
mod surgery;
mod table;
mod telling;
mod text_difference;
mod value;
mod words;

pub use assumptions::{assumptions, assumptions_json};
pub use bundle::{Bundle, bundle};
pub use care::{orphans, orphans_json, rebuilt, survey, survey_json};
pub use cluster_page::{ClusterPage, cluster_page};
pub use cost::{CostReport, cost, cost_json, cost_markdown};
pub use diagram::Diagram;
pub use drift::{Watched, drift, drift_json};
pub use errors::{About, At, ErrorId, Quota, errors_page};
pub use finding::findings;
pub use import::Import;
pub use output::{output_value, outputs, outputs_json};
pub use past::{approved_json, difference, difference_json, history, history_json, history_of_run, principal_json};
pub use permissions::{policies_json, policy_documents, policy_remarks, policy_text};
pub use plan::{Detail, plan, plan_html, plan_markdown};
pub use preflight::{looked_ahead, looked_ahead_json};
pub use run::{Lines, Live, Progress, Screen, Summary, advice, advice_together, quota_code};
pub use runs::{RunStory, run_json, run_told, runs, runs_json};
pub use safety::{
    Commands, Mismatch, Place, Question, Refusal, Stale, StateMoved, Unapproved, account_mismatch, applied_already, apply_question,
    approval_given, approval_question, approved, destroy_question, fenced, glass_broken, glass_edit_question, glass_question, locked,
    not_approved, prod_refused, stale_findings, stale_plan, tenants_question, unlock, wrong_world,
};
pub use state::{state_list, state_show, state_show_all};
pub use style::Style;
pub use surgery::{forgetting, forgotten_json, moved_json, moving};
pub use table::table;
pub use text_difference::text_difference;
pub use words::count;
