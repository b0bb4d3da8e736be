//! CloudFront functions: a stage to write to, and one that is live.

use std::collections::BTreeMap;

use aws_sdk_cloudfront::operation::create_function::{CreateFunctionInput, CreateFunctionOutput};
use aws_sdk_cloudfront::operation::delete_function::{DeleteFunctionInput, DeleteFunctionOutput};
use aws_sdk_cloudfront::operation::describe_function::{DescribeFunctionInput, DescribeFunctionOutput};
use aws_sdk_cloudfront::operation::get_function::{GetFunctionInput, GetFunctionOutput};
use aws_sdk_cloudfront::operation::list_functions::{ListFunctionsInput, ListFunctionsOutput};
use aws_sdk_cloudfront::operation::publish_function::{PublishFunctionInput, PublishFunctionOutput};
use aws_sdk_cloudfront::operation::update_function::{UpdateFunctionInput, UpdateFunctionOutput};
use aws_sdk_cloudfront::primitives::Blob;
use aws_sdk_cloudfront::types::{
    FunctionConfig, FunctionList, FunctionMetadata, FunctionRuntime, FunctionStage, FunctionSummary, KeyValueStoreAssociation,
    KeyValueStoreAssociations,
};
use aws_smithy_types::DateTime;
use serde::{Deserialize, Serialize};

use super::cdn_config::invalid;
use super::cloudfront::put_tags;
use super::distribution::{fits, new_tag, users};
use crate::cloud::At;
use crate::fate::{Answer, Refusal, refuse};
use crate::handlers::Handlers;
use crate::paging::page;

/// One function, by its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) arn: String,
    pub(crate) draft: Stage,
    pub(crate) live: Option<Stage>,
    pub(crate) tags: BTreeMap<String, String>,
}

/// What one stage holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stage {
    pub(crate) comment: String,
    pub(crate) runtime: String,
    pub(crate) key_value_stores: Vec<String>,
    pub(crate) code: String,
    pub(crate) tag: String,
    pub(crate) changed_ms: u64,
}

pub(crate) fn handlers(to: Handlers) -> Handlers {
    to.on(create).on(list).on(describe).on(get).on(update).on(publish).on(delete)
}

fn absent() -> Refusal {
    refuse(404, "NoSuchFunctionExists", "The specified function does not exist.")
}

fn the<'a>(at: &'a mut At<'_>, name: Option<&str>) -> Answer<&'a mut Row> {
    at.global().cdn_functions.get_mut(name.unwrap_or_default()).ok_or_else(absent)
}

fn stage<'a>(row: &'a Row, asked: Option<&FunctionStage>) -> Answer<(&'a Stage, FunctionStage)> {
    match asked {
        Some(FunctionStage::Live) => Ok((row.live.as_ref().ok_or_else(absent)?, FunctionStage::Live)),
        _ => Ok((&row.draft, FunctionStage::Development)),
    }
}

/// What a request wants a stage to hold.
fn wanted(at: &mut At<'_>, config: Option<&FunctionConfig>, code: Option<&Blob>) -> Answer<Stage> {
    let config = config.ok_or_else(|| invalid("The parameter FunctionConfig is required."))?;
    let code = code.ok_or_else(|| invalid("The parameter FunctionCode is required."))?;
    let code = String::from_utf8(code.as_ref().to_vec()).map_err(|_| invalid("The function's code is not UTF-8."))?;
    if code.len() > 10_240 {
        return Err(refuse(413, "FunctionSizeLimitExceeded", "The function exceeds the maximum size of 10240 bytes."));
    }
    if code.is_empty() || config.comment().chars().count() > 128 {
        return Err(invalid("The function's code is empty, or its comment is too long."));
    }
    let known = [FunctionRuntime::CloudfrontJs10, FunctionRuntime::CloudfrontJs20].contains(config.runtime());
    let stores = config.key_value_store_associations();
    let arns: Vec<String> = stores.into_iter().flat_map(|list| list.items()).map(|of| of.key_value_store_arn().to_owned()).collect();
    if stores.is_some_and(|list| usize::try_from(list.quantity()).ok() != Some(arns.len())) {
        return Err(refuse(400, "InconsistentQuantities", "The value of Quantity and the size of Items don't match."));
    }
    if !known || arns.len() > 1 || (!arns.is_empty() && *config.runtime() == FunctionRuntime::CloudfrontJs10) {
        return Err(invalid("The parameter Runtime or KeyValueStoreAssociations is not valid."));
    }
    Ok(Stage {
        comment: config.comment().to_owned(),
        runtime: config.runtime().as_str().to_owned(),
        key_value_stores: arns,
        code,
        tag: new_tag(at),
        changed_ms: at.now_ms,
    })
}

fn summary(name: &str, row: &Row, of: &Stage, stage: FunctionStage, used: bool) -> Answer<FunctionSummary> {
    let stores = of.key_value_stores.iter().map(|arn| KeyValueStoreAssociation::builder().key_value_store_arn(arn).build());
    let stores = stores.collect::<Result<Vec<_>, _>>()?;
    let quantity = i32::try_from(stores.len()).unwrap_or(i32::MAX);
    let stores = KeyValueStoreAssociations::builder().quantity(quantity).set_items(Some(stores).filter(|all| !all.is_empty())).build()?;
    let runtime = FunctionRuntime::from(of.runtime.as_str());
    let config = FunctionConfig::builder().comment(&of.comment).runtime(runtime).key_value_store_associations(stores).build()?;
    let changed = DateTime::from_millis(i64::try_from(of.changed_ms).unwrap_or(i64::MAX));
    let status = match (&stage, used) {
        (FunctionStage::Live, true) => "DEPLOYED",
        (FunctionStage::Live, false) => "UNASSOCIATED",
        _ => "UNPUBLISHED",
    };
    let metadata = FunctionMetadata::builder().function_arn(&row.arn).stage(stage).created_time(changed).last_modified_time(changed);
    Ok(FunctionSummary::builder().name(name).status(status).function_config(config).function_metadata(metadata.build()?).build()?)
}

fn create(at: &mut At<'_>, input: &CreateFunctionInput) -> Answer<CreateFunctionOutput> {
    let name = input.name().unwrap_or_default();
    if name.is_empty() || name.len() > 64 || !name.chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)) {
        return Err(invalid("The parameter Name is not valid."));
    }
    if at.global().cdn_functions.contains_key(name) {
        let message = "A function with the same name already exists in this AWS account.";
        return Err(refuse(409, "FunctionAlreadyExists", message));
    }
    if at.global().cdn_functions.len() >= 100 {
        return Err(refuse(400, "TooManyFunctions", "You have reached the maximum number of CloudFront functions for this AWS account."));
    }
    let draft = wanted(at, input.function_config(), input.function_code())?;
    let mut tags = BTreeMap::new();
    put_tags(&mut tags, input.tags())?;
    let arn = format!("arn:aws:cloudfront::{}:function/{name}", at.account);
    let row = Row { arn, draft, live: None, tags };
    let answer = summary(name, &row, &row.draft, FunctionStage::Development, false)?;
    let tag = row.draft.tag.clone();
    at.global().cdn_functions.insert(name.to_owned(), row);
    Ok(CreateFunctionOutput::builder().function_summary(answer).e_tag(tag).build())
}

fn describe(at: &mut At<'_>, input: &DescribeFunctionInput) -> Answer<DescribeFunctionOutput> {
    let row = the(at, input.name())?.clone();
    let used = !users(at.cloud, &row.arn).is_empty();
    let (of, stage) = stage(&row, input.stage())?;
    let answer = summary(input.name().unwrap_or_default(), &row, of, stage, used)?;
    Ok(DescribeFunctionOutput::builder().function_summary(answer).e_tag(&of.tag).build())
}

/// A line for each stage that a function has.
fn list(at: &mut At<'_>, input: &ListFunctionsInput) -> Answer<ListFunctionsOutput> {
    let size = usize::try_from(input.max_items().unwrap_or(100)).ok().filter(|size| (1..=100).contains(size));
    let size = size.ok_or_else(|| invalid("The parameter MaxItems is not valid: 1 to 100."))?;
    let mut all = vec![];
    for (name, row) in &at.global().cdn_functions {
        let live = row.live.iter().map(|live| (live, FunctionStage::Live));
        for (of, stage) in std::iter::once((&row.draft, FunctionStage::Development)).chain(live) {
            if input.stage().is_none_or(|asked| *asked == stage) {
                all.push(summary(name, row, of, stage, false)?);
            }
        }
    }
    let (items, next) = page(all, Some(size), input.marker())?;
    let quantity = i32::try_from(items.len()).unwrap_or(i32::MAX);
    let list = FunctionList::builder().max_items(100).quantity(quantity).set_next_marker(next);
    let list = list.set_items(Some(items).filter(|items| !items.is_empty())).build()?;
    Ok(ListFunctionsOutput::builder().function_list(list).build())
}

fn get(at: &mut At<'_>, input: &GetFunctionInput) -> Answer<GetFunctionOutput> {
    let row = the(at, input.name())?;
    let (of, _) = stage(row, input.stage())?;
    let code = Blob::new(of.code.as_bytes());
    Ok(GetFunctionOutput::builder().function_code(code).content_type("application/octet-stream").e_tag(&of.tag).build())
}

fn update(at: &mut At<'_>, input: &UpdateFunctionInput) -> Answer<UpdateFunctionOutput> {
    fits(&the(at, input.name())?.draft.tag, input.if_match())?;
    let draft = wanted(at, input.function_config(), input.function_code())?;
    let row = the(at, input.name())?;
    row.draft = draft;
    let answer = summary(input.name().unwrap_or_default(), row, &row.draft, FunctionStage::Development, false)?;
    Ok(UpdateFunctionOutput::builder().function_summary(answer).e_tag(&row.draft.tag).build())
}

fn publish(at: &mut At<'_>, input: &PublishFunctionInput) -> Answer<PublishFunctionOutput> {
    let tag = new_tag(at);
    let row = the(at, input.name())?;
    fits(&row.draft.tag, input.if_match())?;
    let live = Stage { tag, ..row.draft.clone() };
    row.live = Some(live.clone());
    let answer = summary(input.name().unwrap_or_default(), row, &live, FunctionStage::Live, false)?;
    Ok(PublishFunctionOutput::builder().function_summary(answer).build())
}

fn delete(at: &mut At<'_>, input: &DeleteFunctionInput) -> Answer<DeleteFunctionOutput> {
    let row = the(at, input.name())?;
    fits(&row.draft.tag, input.if_match())?;
    let arn = row.arn.clone();
    if !users(at.cloud, &arn).is_empty() {
        let message = "Cannot delete the function because it's attached to one or more cache behaviors.";
        return Err(refuse(409, "FunctionInUse", message));
    }
    at.global().cdn_functions.remove(input.name().unwrap_or_default());
    Ok(DeleteFunctionOutput::builder().build())
}
