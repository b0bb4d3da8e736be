//! The driver of `db-parameter-group`. What a user set is read apart from what RDS sets; a value that is set to RDS's own may
//! count as RDS's, so what is wanted and not among the set is asked for by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_rds::types::{ApplyMethod, DbParameterGroup as Raw, Parameter};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{DbParameterGroup, DbParameterGroupOutputs, DbParameterGroupSpec};
use bbws_model::{Arn, Class, CloudError, Locate, Name, Observed, Phase};
use futures::future::join_all;

use super::ec2::told;
use super::rds::{PAGE, as_rds_tags, rds_filter};
use crate::scan::{ById, all_failed};
use crate::{Aws, Told};

const LIST: &str = "rds:DescribeDBParameterGroups";
const READ: &str = "rds:DescribeDBParameters";
const MODIFY: &str = "rds:ModifyDBParameterGroup";
/// So many parameters go into one call.
const AT_ONCE: usize = 20;
/// So many names go into one filter.
const NAMES: usize = 100;

impl Driver<DbParameterGroup> for Aws {
    async fn observe(&self, at: &[Locate<DbParameterGroup>], reading: &Reading) -> Vec<Sight<DbParameterGroup>> {
        let all = match self.db_parameter_groups(reading).await {
            Ok(all) => all,
            Err(error) => return all_failed(at, &error),
        };
        let find = |place: &Locate<DbParameterGroup>| all.get(place.id.as_ref().map_or(place.spec.name.as_str(), |id| id.as_str()));
        join_all(at.iter().map(|place| async {
            match find(place) {
                Some(raw) => self.whole_db_parameter_group(raw, &place.spec, reading).await,
                None => Ok(None),
            }
        }))
        .await
    }

    async fn create(&self, want: &DbParameterGroupSpec, attempt: &Attempt) -> Result<Created, CloudError> {
        let create = self.write.rds.create_db_parameter_group().db_parameter_group_name(&want.name);
        let create = create.db_parameter_group_family(&want.family).description(&want.description);
        let create = create.set_tags(Some(as_rds_tags(attempt.tagged(&want.tags))));
        create.send().await.told("rds:CreateDBParameterGroup")?;
        Ok(Created { id: want.name.as_str().into() })
    }

    async fn update(
        &self,
        seen: &Observed<DbParameterGroup>,
        want: &DbParameterGroupSpec,
        attempt: &Attempt,
    ) -> Result<Progress, CloudError> {
        let (name, have) = (seen.id.as_str(), &seen.spec);
        let mut differing: Vec<(&str, &str)> = want
            .parameters
            .iter()
            .filter(|(parameter, value)| have.parameters.get(*parameter) != Some(*value))
            .map(|(parameter, value)| (parameter.as_str(), value.as_str()))
            .collect();
        if !differing.is_empty() {
            differing.sort_by_key(|(parameter, _)| (together(parameter), *parameter));
            differing.truncate(AT_ONCE);
            let parameters = self.settings(name, &want.family, &differing).await?;
            let modify = self.write.rds.modify_db_parameter_group().db_parameter_group_name(name);
            modify.set_parameters(Some(parameters)).send().await.told(MODIFY)?;
            return Ok(Progress::Sent);
        }
        let extra = have.parameters.iter().filter(|(parameter, _)| !want.parameters.contains_key(*parameter));
        let extra: Vec<(&str, &str)> = extra.map(|(parameter, value)| (parameter.as_str(), value.as_str())).take(AT_ONCE).collect();
        if !extra.is_empty() {
            let parameters = self.settings(name, &want.family, &extra).await?;
            let reset = self.write.rds.reset_db_parameter_group().db_parameter_group_name(name);
            // Left out, it would reset all of them.
            let reset = reset.reset_all_parameters(false).set_parameters(Some(parameters));
            reset.send().await.told("rds:ResetDBParameterGroup")?;
            return Ok(Progress::Sent);
        }
        self.retag_rds(seen.outputs.arn.as_str(), (&have.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    async fn delete(&self, seen: &Observed<DbParameterGroup>, _: &Attempt) -> Result<Progress, CloudError> {
        let delete = self.write.rds.delete_db_parameter_group().db_parameter_group_name(seen.id.as_str());
        delete.send().await.told("rds:DeleteDBParameterGroup")?;
        Ok(Progress::Sent)
    }
}

/// Parameters that RDS checks against each other have to go in one call: they come first, so that a full call never parts
/// them. A character set stands before its collation.
fn together(parameter: &str) -> u8 {
    let begins = |beginnings: &[&str]| beginnings.iter().any(|beginning| parameter.starts_with(beginning));
    if begins(&["character_set_", "collation_"]) {
        0
    } else if begins(&["gtid", "enforce_gtid"]) {
        1
    } else if begins(&["ssl_m", "tls_version"]) {
        2
    } else {
        3
    }
}

/// One parameter as RDS tells it.
#[derive(Clone)]
struct Setting {
    value: Option<String>,
    dynamic: bool,
    modifiable: bool,
}

impl Aws {
    pub(super) async fn db_parameter_groups(&self, reading: &Reading) -> Result<Arc<ById<Raw>>, CloudError> {
        let ask = || async {
            let (mut all, mut calls) = (ById::new(), 0);
            let mut pages = self.read.rds.describe_db_parameter_groups().into_paginator().page_size(PAGE).send();
            while let Some(page) = pages.next().await {
                calls += 1;
                let groups = page.told(LIST)?.db_parameter_groups.unwrap_or_default();
                all.extend(groups.into_iter().filter_map(|raw| Some((raw.db_parameter_group_name.clone()?, raw))));
            }
            Ok((all, calls))
        };
        reading.once(LIST.to_owned(), ask()).await
    }

    async fn whole_db_parameter_group(&self, raw: &Raw, wanted: &DbParameterGroupSpec, reading: &Reading) -> Sight<DbParameterGroup> {
        let name = told(LIST, "DBParameterGroupName", raw.db_parameter_group_name())?;
        let arn = told(LIST, "DBParameterGroupArn", raw.db_parameter_group_arn())?;
        let (set, marks) = tokio::join!(self.parameters(name, None, reading), self.rds_tags(arn, reading));
        let (set, marks) = match (set, marks) {
            (Ok(set), Ok(marks)) => (set, marks),
            // It went between the looks.
            (Err(error), _) | (_, Err(error)) if error.class == Class::Absent => return Ok(None),
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        let values =
            |all: &ById<Setting>| all.iter().filter_map(|(name, s)| Some((name.clone(), s.value.clone()?))).collect::<BTreeMap<_, _>>();
        let mut parameters = values(&set);
        let unset: Vec<&str> = wanted.parameters.keys().filter(|name| !parameters.contains_key(*name)).map(String::as_str).collect();
        for names in unset.chunks(NAMES) {
            let asked = self.parameters(name, Some(names), reading).await?;
            parameters.extend(values(&asked).into_iter().filter(|(name, value)| wanted.parameters.get(name) == Some(value)));
        }
        let (tags, owner) = marks.as_ref().clone();
        Ok(Some(Observed {
            id: name.into(),
            spec: DbParameterGroupSpec {
                name: name.to_owned(),
                family: raw.db_parameter_group_family().unwrap_or_default().to_owned(),
                description: raw.description().unwrap_or_default().to_owned(),
                parameters,
                tags,
            },
            outputs: DbParameterGroupOutputs { name: Name::new(name), arn: Arn::new(arn) },
            phase: Phase::Ready,
            owner,
        }))
    }

    /// Some parameters of a group, or all that a user set, by name in lower case.
    async fn parameters(&self, group: &str, names: Option<&[&str]>, reading: &Reading) -> Result<Arc<ById<Setting>>, CloudError> {
        let key = format!("{READ} {group} {}", names.map_or_else(|| "set".to_owned(), |names| names.join(",")));
        let ask = || async {
            let (mut all, mut calls) = (ById::new(), 0);
            let read = self.read.rds.describe_db_parameters().db_parameter_group_name(group);
            let read = match names {
                Some(names) => read.filters(rds_filter("parameter-name", names.iter().copied())),
                None => read.source("user"),
            };
            let mut pages = read.into_paginator().page_size(PAGE).send();
            while let Some(page) = pages.next().await {
                calls += 1;
                for raw in page.told(READ)?.parameters.unwrap_or_default() {
                    let setting = Setting {
                        value: raw.parameter_value,
                        dynamic: raw.apply_type.as_deref() == Some("dynamic"),
                        modifiable: raw.is_modifiable != Some(false),
                    };
                    all.extend(raw.parameter_name.map(|name| (name.to_lowercase(), setting)));
                }
            }
            Ok((all, calls))
        };
        reading.once(key, ask()).await
    }

    /// Parameters as a change or reset takes them: each with the method that its own sort allows. A static one refuses to be
    /// applied at once.
    async fn settings(&self, group: &str, family: &str, of: &[(&str, &str)]) -> Result<Vec<Parameter>, CloudError> {
        let names: Vec<&str> = of.iter().map(|(name, _)| *name).collect();
        let known = self.parameters(group, Some(&names), &Reading::new()).await?;
        let build = |(name, value): &(&str, &str)| {
            let refused =
                |why: &str| CloudError::own(MODIFY, Class::Invalid, format!("`{name}` {why} in {family}: take it out of the parameters"));
            let setting = known.get(*name).ok_or_else(|| refused("is no parameter that RDS has"))?;
            if !setting.modifiable {
                return Err(refused("is a parameter that RDS does not let anybody change"));
            }
            let method = if setting.dynamic { ApplyMethod::Immediate } else { ApplyMethod::PendingReboot };
            Ok(Parameter::builder().parameter_name(*name).parameter_value(*value).apply_method(method).build())
        };
        of.iter().map(build).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rds_checks_together_goes_together() {
        let mut names = ["slow_query_log", "collation_server", "gtid-mode", "character_set_server", "enforce_gtid_consistency"];
        names.sort_by_key(|name| (together(name), *name));
        assert_eq!(names, ["character_set_server", "collation_server", "enforce_gtid_consistency", "gtid-mode", "slow_query_log"]);
    }
}
