//! The driver of `cdn-function`. A refresh makes five calls per function: what it is and its code, in each of its two
//! stages, and its tags.
//!
//! What is written comes to the stage DEVELOPMENT, and is published by a second request. Seen is what is live, or while
//! nothing is, what waits in DEVELOPMENT.

use aws_sdk_cloudfront::primitives::Blob;
use aws_sdk_cloudfront::types::{
    FunctionConfig, FunctionRuntime as RawRuntime, FunctionStage, FunctionSummary, KeyValueStoreAssociation, KeyValueStoreAssociations,
};
use aws_smithy_types::error::operation::BuildError;
use bbws_engine::{Attempt, Created, Driver, Progress, Reading, Sight};
use bbws_kinds::{CdnFunction, CdnFunctionOutputs, CdnFunctionSpec, FunctionRuntime};
use bbws_model::{Arn, Class, CloudError, Locate, Name, Observed, Phase};
use futures::future::join_all;

use super::cloudfront::raw_tags;
use super::ec2::told;
use super::route53::{built, not_yet};
use crate::{Aws, Told};

const DESCRIBE: &str = "cloudfront:DescribeFunction";
const GET: &str = "cloudfront:GetFunction";

/// A function as one of its stages has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Content {
    comment: String,
    runtime: FunctionRuntime,
    key_value_store: Option<String>,
    code: String,
}

/// One stage of a function.
#[derive(Debug, Clone)]
struct Staged {
    arn: String,
    tag: String,
    content: Content,
}

impl Driver<CdnFunction> for Aws {
    async fn observe(&self, at: &[Locate<CdnFunction>], reading: &Reading) -> Vec<Sight<CdnFunction>> {
        join_all(at.iter().map(|place| self.cdn_function(place, reading))).await
    }

    async fn create(&self, want: &CdnFunctionSpec, attempt: &Attempt) -> Result<Created, CloudError> {
        const OPERATION: &str = "cloudfront:CreateFunction";
        self.write
            .cloudfront
            .create_function()
            .name(&want.name)
            .function_config(built(OPERATION, raw_config(want))?)
            .function_code(Blob::new(want.code.as_bytes()))
            .tags(built(OPERATION, raw_tags(attempt.tagged(&want.tags)))?)
            .send()
            .await
            .told(OPERATION)?;
        Ok(Created { id: want.name.as_str().into() })
    }

    async fn update(&self, seen: &Observed<CdnFunction>, want: &CdnFunctionSpec, attempt: &Attempt) -> Result<Progress, CloudError> {
        let (name, have) = (seen.id.as_str(), &seen.spec);
        if have.unpublished || content(have) != content(want) {
            let draft = self.staged(name, FunctionStage::Development, &Reading::new()).await?;
            let Some(draft) = draft else {
                return Err(CloudError::own(DESCRIBE, Class::NotVisibleYet, format!("the function {name} is not to be seen")));
            };
            if draft.content == content(want) {
                let publish = self.write.cloudfront.publish_function().name(name).if_match(draft.tag);
                publish.send().await.told("cloudfront:PublishFunction").map_err(not_yet)?;
                return Ok(Progress::Sent);
            }
            const OPERATION: &str = "cloudfront:UpdateFunction";
            let update = self.write.cloudfront.update_function().name(name).if_match(draft.tag);
            let update = update.function_config(built(OPERATION, raw_config(want))?).function_code(Blob::new(want.code.as_bytes()));
            update.send().await.told(OPERATION).map_err(not_yet)?;
            return Ok(Progress::Sent);
        }
        let Some(arn) = &seen.outputs.arn else { return Ok(Progress::Nothing) };
        self.cloudfront_retag(arn.as_str(), (&have.tags, seen.owner.as_ref()), &want.tags, attempt).await
    }

    async fn delete(&self, seen: &Observed<CdnFunction>, _: &Attempt) -> Result<Progress, CloudError> {
        let name = seen.id.as_str();
        let Some((_, tag)) = self.described_function(name, FunctionStage::Development, &Reading::new()).await? else {
            return Ok(Progress::Nothing);
        };
        self.write.cloudfront.delete_function().name(name).if_match(tag).send().await.told("cloudfront:DeleteFunction")?;
        Ok(Progress::Sent)
    }
}

fn content(spec: &CdnFunctionSpec) -> Content {
    let CdnFunctionSpec { name: _, comment, runtime, code, key_value_store, unpublished: _, tags: _ } = spec;
    Content { comment: comment.clone(), runtime: *runtime, key_value_store: key_value_store.clone(), code: code.clone() }
}

fn raw_runtime(runtime: FunctionRuntime) -> RawRuntime {
    match runtime {
        FunctionRuntime::Js1 => RawRuntime::CloudfrontJs10,
        FunctionRuntime::Js2 => RawRuntime::CloudfrontJs20,
    }
}

fn raw_config(want: &CdnFunctionSpec) -> Result<FunctionConfig, BuildError> {
    let stores = want.key_value_store.iter().map(|arn| KeyValueStoreAssociation::builder().key_value_store_arn(arn).build());
    let stores = stores.collect::<Result<Vec<_>, _>>()?;
    let quantity = i32::try_from(stores.len()).unwrap_or(i32::MAX);
    let stores = KeyValueStoreAssociations::builder().quantity(quantity).set_items(Some(stores).filter(|all| !all.is_empty())).build()?;
    FunctionConfig::builder().comment(&want.comment).runtime(raw_runtime(want.runtime)).key_value_store_associations(stores).build()
}

impl Aws {
    async fn cdn_function(&self, place: &Locate<CdnFunction>, reading: &Reading) -> Sight<CdnFunction> {
        let name = place.id.as_ref().map_or(place.spec.name.as_str(), |id| id.as_str());
        let stages = tokio::join!(self.staged(name, FunctionStage::Development, reading), self.staged(name, FunctionStage::Live, reading));
        let (Some(draft), live) = (stages.0?, stages.1?) else { return Ok(None) };
        let (tags, owner) = match self.cloudfront_tags(&draft.arn, reading).await {
            Ok(marked) => marked,
            // It went between the calls.
            Err(error) if error.class == Class::Absent => return Ok(None),
            Err(error) => return Err(error),
        };
        let unpublished = live.as_ref().is_none_or(|live| live.content != draft.content);
        let arn = live.as_ref().map(|live| Arn::new(&live.arn));
        let Content { comment, runtime, key_value_store, code } = live.unwrap_or(draft).content;
        Ok(Some(Observed {
            id: name.into(),
            spec: CdnFunctionSpec { name: name.to_owned(), comment, runtime, code, key_value_store, unpublished, tags },
            outputs: CdnFunctionOutputs { arn, name: Name::new(name) },
            phase: Phase::Ready,
            owner,
        }))
    }

    /// What a stage holds; none where it holds nothing.
    async fn staged(&self, name: &str, stage: FunctionStage, reading: &Reading) -> Result<Option<Staged>, CloudError> {
        let Some((summary, tag)) = self.described_function(name, stage.clone(), reading).await? else { return Ok(None) };
        let ask = async {
            match self.read.cloudfront.get_function().name(name).stage(stage.clone()).send().await.told(GET) {
                Ok(answer) => Ok((Some((told(GET, "FunctionCode", answer.function_code)?, answer.e_tag)), 1)),
                Err(error) if error.class == Class::Absent => Ok((None, 1)),
                Err(error) => Err(error),
            }
        };
        let got = reading.once(format!("{GET} {name} {stage}"), ask).await?;
        let Some((code, code_tag)) = got.as_ref() else { return Ok(None) };
        if code_tag.as_ref().is_some_and(|other| *other != tag) {
            return Err(CloudError::own(GET, Class::Transient, format!("the function {name} changed between two looks")));
        }
        let config = told(DESCRIBE, "FunctionConfig", summary.function_config)?;
        let runtime = [FunctionRuntime::Js1, FunctionRuntime::Js2].into_iter().find(|known| raw_runtime(*known) == config.runtime);
        let stores = config.key_value_store_associations.and_then(|list| list.items).unwrap_or_default();
        let content = Content {
            comment: config.comment,
            runtime: runtime.ok_or_else(|| {
                let told = format!("the function {name} is written for `{}`, which bbws does not know", config.runtime);
                CloudError::own(DESCRIBE, Class::Invalid, told)
            })?,
            key_value_store: stores.into_iter().next().map(|of| of.key_value_store_arn),
            code: String::from_utf8_lossy(code.as_ref()).into_owned(),
        };
        let arn = told(DESCRIBE, "FunctionMetadata", summary.function_metadata)?.function_arn;
        Ok(Some(Staged { arn, tag, content }))
    }

    async fn described_function(
        &self,
        name: &str,
        stage: FunctionStage,
        reading: &Reading,
    ) -> Result<Option<(FunctionSummary, String)>, CloudError> {
        let ask = async {
            match self.read.cloudfront.describe_function().name(name).stage(stage.clone()).send().await.told(DESCRIBE) {
                Ok(answer) => {
                    let summary = told(DESCRIBE, "FunctionSummary", answer.function_summary)?;
                    Ok((Some((summary, told(DESCRIBE, "ETag", answer.e_tag)?)), 1))
                }
                Err(error) if error.class == Class::Absent => Ok((None, 1)),
                Err(error) => Err(error),
            }
        };
        Ok(reading.once(format!("{DESCRIBE} {name} {stage}"), ask).await?.as_ref().clone())
    }
}
