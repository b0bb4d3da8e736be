//! The driver of `hosted-zone`. Route 53 takes any number of zones of one name, so whose a zone is stands in its tags.
//! A refresh makes one call per zone and one per ten zones' tags.

use std::collections::BTreeMap;

use aws_sdk_route53::types::{HostedZone as Raw, HostedZoneConfig, TagResourceType};
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{DomainName, HostedZone, HostedZoneOutputs, HostedZoneSpec, NameServers};
use bbws_model::{Class, CloudError, Id, Locate, Name, Observed, Ownership, Phase, Tags};
use futures::future::join_all;

use super::ec2::told;
use super::route53::{Marked, is_of, made_by, not_yet, reference};
use crate::scan::kept;
use crate::{Aws, Told};

const GET: &str = "route53:GetHostedZone";
const LIST: &str = "route53:ListHostedZonesByName";

type Tagged = Result<BTreeMap<String, Marked>, CloudError>;

impl Driver<HostedZone> for Aws {
    async fn observe(&self, at: &[Locate<HostedZone>], reading: &Reading) -> Vec<Sight<HostedZone>> {
        let candidates = join_all(at.iter().map(|place| self.zones_of(place, reading))).await;
        // The tags of an existing zone are not ours to look after.
        let ours = at.iter().zip(&candidates).filter(|(place, _)| !place.spec.existing);
        let ids = ours.flat_map(|(_, zones)| zones.iter().flatten().map(|raw| bare(&raw.id))).collect();
        let tagged = self.route53_tags(TagResourceType::Hostedzone, ids, reading).await;
        let mut sights = vec![];
        for (place, zones) in at.iter().zip(candidates) {
            sights.push(match zones {
                Ok(zones) => self.zone(place, &zones, &tagged, reading).await,
                Err(error) => Err(error),
            });
        }
        sights
    }

    async fn create(&self, want: &HostedZoneSpec, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "route53:CreateHostedZone";
        if want.existing {
            let which = want.zone_id.as_ref().map_or_else(String::new, |id| format!(" with the id {id}"));
            return Err(CloudError::own(
                LIST,
                Class::Invalid,
                format!(
                    "the account has no public zone `{}`{which}, though the file says that it exists already: check the account and the name, or drop `existing` to have the zone made",
                    want.name
                ),
            ));
        }
        let config = HostedZoneConfig::builder().comment(&want.comment).build();
        let answer = self
            .write
            .route53
            .create_hosted_zone()
            .name(want.name.as_str())
            .caller_reference(reference(&attempt.owner.intent))
            .set_hosted_zone_config(Some(config).filter(|_| !want.comment.is_empty()))
            .send()
            .await
            .told(OPERATION)?;
        let zone = told(OPERATION, "HostedZone", answer.hosted_zone)?;
        Ok(Created { id: bare(&zone.id).into() })
    }

    async fn update(&self, seen: &Observed<HostedZone>, want: &HostedZoneSpec, attempt: &Attempt) -> Result<Progress, CloudError> {
        if want.existing {
            return Ok(Progress::Nothing);
        }
        let (id, have) = (seen.id.as_str(), &seen.spec);
        if have.comment != want.comment {
            let update = self.write.route53.update_hosted_zone_comment().id(id).comment(&want.comment);
            update.send().await.told("route53:UpdateHostedZoneComment").map_err(not_yet)?;
            return Ok(Progress::Sent);
        }
        self.route53_retag(TagResourceType::Hostedzone, id, (&have.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    async fn delete(&self, seen: &Observed<HostedZone>, _: &Attempt) -> Result<Progress, CloudError> {
        const OPERATION: &str = "route53:DeleteHostedZone";
        if seen.spec.existing {
            let why = format!("the zone `{}` was there before bbws, which never deletes such a zone", seen.spec.name);
            return Err(CloudError::own(OPERATION, Class::Invalid, why));
        }
        self.write.route53.delete_hosted_zone().id(seen.id.as_str()).send().await.told(OPERATION)?;
        Ok(Progress::Sent)
    }
}

/// Answers have `/hostedzone/Z…`, which tag calls do not take.
pub(crate) fn bare(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

fn is_private(raw: &Raw) -> bool {
    raw.config().is_some_and(|config| config.private_zone)
}

impl Aws {
    /// The zones that may be the one looked for: by its id, or all public ones of its name.
    async fn zones_of(&self, place: &Locate<HostedZone>, reading: &Reading) -> Result<Vec<Raw>, CloudError> {
        let spec = &place.spec;
        let id = place.id.as_ref().map(|id| id.as_str()).or(spec.zone_id.as_deref().filter(|_| spec.existing));
        let Some(id) = id else { return self.zones_named(&spec.name, reading).await };
        let Some((raw, _)) = self.zone_by_id(id, reading).await? else { return Ok(vec![]) };
        if is_private(&raw) {
            return Err(CloudError::own(GET, Class::Invalid, format!("the zone {id} is private: bbws keeps public zones only")));
        }
        if spec.existing && DomainName::new(&raw.name) != spec.name {
            let told = format!(
                "the zone {id} is `{}`, and the file calls it `{}`: name the other zone, or mend the name",
                DomainName::new(&raw.name),
                spec.name
            );
            return Err(CloudError::own(GET, Class::Invalid, told));
        }
        Ok(vec![raw])
    }

    async fn zone(&self, place: &Locate<HostedZone>, zones: &[Raw], tagged: &Tagged, reading: &Reading) -> Sight<HostedZone> {
        let existing = place.spec.existing;
        let (raw, tags, owner) = if existing {
            let raw = match zones {
                [] => return Ok(None),
                [raw] => raw,
                several => {
                    let ids: Vec<&str> = several.iter().map(|raw| bare(&raw.id)).collect();
                    let told = format!(
                        "the account has {} public zones `{}`: say which one with `zone_id`: {}",
                        ids.len(),
                        place.spec.name,
                        ids.join(", ")
                    );
                    return Err(CloudError::own(LIST, Class::Invalid, told));
                }
            };
            (raw, Tags::default(), Some(kept(place)))
        } else {
            let tagged = tagged.as_ref().map_err(Clone::clone)?;
            match choose(place, zones, tagged) {
                Some((raw, (tags, owner))) => (raw, tags, owner),
                None => return Ok(None),
            }
        };
        let id = bare(&raw.id);
        let Some((raw, name_servers)) = self.zone_by_id(id, reading).await? else { return Ok(None) };
        let name = DomainName::new(&raw.name);
        let comment = raw.config.and_then(|config| config.comment).unwrap_or_default();
        Ok(Some(Observed {
            id: id.into(),
            spec: HostedZoneSpec { name: name.clone(), existing, zone_id: place.spec.zone_id.clone(), comment, tags },
            outputs: HostedZoneOutputs { id: Id::new(id), name: Name::new(name.as_str()), name_servers },
            // When the change is everywhere can only be asked with the id that the create call answered. It takes under a
            // minute, and whoever uses a name of the zone checks the answer by itself.
            phase: Phase::Ready,
            owner,
        }))
    }

    async fn zone_by_id(&self, id: &str, reading: &Reading) -> Result<Option<(Raw, NameServers)>, CloudError> {
        let ask = async {
            let answer = match self.read.route53.get_hosted_zone().id(id).send().await.told(GET) {
                Ok(answer) => answer,
                Err(error) if error.class == Class::Absent => return Ok((None, 1)),
                Err(error) => return Err(error),
            };
            let raw = told(GET, "HostedZone", answer.hosted_zone)?;
            let servers = answer.delegation_set.map(|set| set.name_servers).unwrap_or_default();
            Ok((Some((raw, NameServers::new(servers))), 1))
        };
        Ok(reading.once(format!("{GET} {id}"), ask).await?.as_ref().clone())
    }

    /// AWS lists from a name onwards, by labels from the right: those of the name come first.
    async fn zones_named(&self, name: &DomainName, reading: &Reading) -> Result<Vec<Raw>, CloudError> {
        let ask = async {
            let (mut zones, mut calls, mut next) = (vec![], 0, None::<(String, Option<String>)>);
            loop {
                let (from, id) = next.unwrap_or_else(|| (name.as_str().to_owned(), None));
                let page = self.read.route53.list_hosted_zones_by_name().dns_name(from).set_hosted_zone_id(id).send().await.told(LIST)?;
                calls += 1;
                let before = page.hosted_zones.len();
                let same: Vec<Raw> = page.hosted_zones.into_iter().filter(|raw| DomainName::new(&raw.name) == *name).collect();
                let all_same = same.len() == before;
                zones.extend(same.into_iter().filter(|raw| !is_private(raw)));
                match page.next_dns_name.filter(|_| page.is_truncated && all_same) {
                    Some(more) => next = Some((more, page.next_hosted_zone_id)),
                    None => return Ok((zones, calls)),
                }
            }
        };
        Ok(reading.once(format!("{LIST} {name}"), ask).await?.as_ref().clone())
    }
}

/// Picks the zone that is ours: by its mark, or by the caller reference of the intent looked for. Without an intent, a
/// zone of the name that is somebody else's is shown too: a second one beside it would hide one of the two.
fn choose<'a>(
    place: &Locate<HostedZone>,
    zones: &'a [Raw],
    tagged: &BTreeMap<String, Marked>,
) -> Option<(&'a Raw, (Tags, Option<Ownership>))> {
    let marked: Vec<(&Raw, Marked)> = zones.iter().filter_map(|raw| Some((raw, tagged.get(bare(&raw.id))?.clone()))).collect();
    if place.id.is_some() {
        return marked.into_iter().next();
    }
    let ours = marked.iter().find(|(_, (_, owner))| owner.as_ref().is_some_and(|owner| is_of(place, owner)));
    if let Some(ours) = ours {
        return Some(ours.clone());
    }
    let made = marked.iter().find_map(|(raw, (tags, _))| Some((*raw, (tags.clone(), Some(made_by(place, &raw.caller_reference)?)))));
    if made.is_some() || place.intent.is_some() { made } else { marked.into_iter().next() }
}
