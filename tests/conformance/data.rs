//! The calls of RDS, EFS and S3 that the table may name.

use bbws_aws::{Clients, Told};
use bbws_model::CloudError;

use crate::{Answer, Args};

pub(crate) async fn rds(clients: &Clients, name: &str, a: &Args) -> Result<Answer, CloudError> {
    let (rds, told) = (&clients.rds, "rds");
    let (answer, it) = (Answer::new(), a.get("name"));
    Ok(match name {
        "CreateDBSubnetGroup" => {
            let create = rds.create_db_subnet_group().db_subnet_group_name(it).db_subnet_group_description("x").subnet_ids(a.get("a"));
            answer.of(create
                .set_subnet_ids(Some(a.find("b").into_iter().chain([a.get("a")]).map(str::to_owned).collect()))
                .send()
                .await
                .told(told)?)
        }
        "DescribeDBSubnetGroups" => {
            answer.count(rds.describe_db_subnet_groups().db_subnet_group_name(it).send().await.told(told)?.db_subnet_groups().len())
        }
        "DeleteDBSubnetGroup" => answer.of(rds.delete_db_subnet_group().db_subnet_group_name(it).send().await.told(told)?),
        "CreateDBParameterGroup" => {
            let create = rds.create_db_parameter_group().db_parameter_group_name(it).db_parameter_group_family("mysql8.0").description("x");
            answer.of(create.send().await.told(told)?)
        }
        "DescribeDBParameterGroups" => answer
            .count(rds.describe_db_parameter_groups().db_parameter_group_name(it).send().await.told(told)?.db_parameter_groups().len()),
        "DeleteDBParameterGroup" => answer.of(rds.delete_db_parameter_group().db_parameter_group_name(it).send().await.told(told)?),
        "CreateDBInstance" => {
            let create = rds.create_db_instance().db_instance_identifier(it).db_instance_class("db.t3.micro").engine("mysql");
            let create = create.allocated_storage(20).master_username("admin").master_user_password("correct-horse-9");
            let create = create.engine_version("8.0.40").storage_type("gp3").storage_encrypted(true).deletion_protection(true);
            answer.of(create.db_subnet_group_name(a.get("subnets")).db_parameter_group_name(a.get("parameters")).send().await.told(told)?)
        }
        "DescribeDBInstances" => {
            answer.count(rds.describe_db_instances().db_instance_identifier(it).send().await.told(told)?.db_instances().len())
        }
        "ModifyDBInstance" => {
            let modify = rds.modify_db_instance().db_instance_identifier(it).deletion_protection(a.get("protect") == "true");
            answer.of(modify.apply_immediately(true).send().await.told(told)?)
        }
        "DeleteDBInstance" => {
            let delete = rds.delete_db_instance().db_instance_identifier(it).final_db_snapshot_identifier(a.get("last"));
            answer.of(delete.skip_final_snapshot(false).send().await.told(told)?)
        }
        "CreateDBSnapshot" => {
            answer.of(rds.create_db_snapshot().db_snapshot_identifier(it).db_instance_identifier(a.get("of")).send().await.told(told)?)
        }
        "DescribeDBSnapshots" => {
            answer.count(rds.describe_db_snapshots().db_snapshot_identifier(it).send().await.told(told)?.db_snapshots().len())
        }
        "DeleteDBSnapshot" => answer.of(rds.delete_db_snapshot().db_snapshot_identifier(it).send().await.told(told)?),
        other => panic!("rds.{other} is not among the calls"),
    })
}

pub(crate) async fn efs(clients: &Clients, name: &str, a: &Args) -> Result<Answer, CloudError> {
    let (efs, told) = (&clients.efs, "elasticfilesystem");
    let answer = Answer::new();
    Ok(match name {
        "CreateFileSystem" => answer.with(
            "Id",
            Some(efs.create_file_system().creation_token(a.get("token")).encrypted(true).send().await.told(told)?.file_system_id),
        ),
        "DescribeFileSystems" => {
            let mut describe = efs.describe_file_systems().set_max_items(a.number("max"));
            if let Some(id) = a.find("id") {
                describe = describe.file_system_id(id);
            }
            let page = describe.send().await.told(told)?;
            answer.count(page.file_systems().len()).more(page.next_marker())
        }
        "DeleteFileSystem" => answer.of(efs.delete_file_system().file_system_id(a.get("id")).send().await.told(told)?),
        "CreateMountTarget" => {
            let made = efs.create_mount_target().file_system_id(a.get("id")).subnet_id(a.get("subnet")).send().await.told(told)?;
            answer.with("Id", Some(made.mount_target_id))
        }
        "DescribeMountTargets" => {
            answer.count(efs.describe_mount_targets().mount_target_id(a.get("id")).send().await.told(told)?.mount_targets().len())
        }
        "DeleteMountTarget" => answer.of(efs.delete_mount_target().mount_target_id(a.get("id")).send().await.told(told)?),
        other => panic!("efs.{other} is not among the calls"),
    })
}

pub(crate) async fn s3(clients: &Clients, name: &str, a: &Args) -> Result<Answer, CloudError> {
    let (s3, told, bucket) = (&clients.s3, "s3", a.get("bucket"));
    let answer = Answer::new();
    Ok(match name {
        "CreateBucket" => {
            let place = aws_sdk_s3::types::BucketLocationConstraint::from("af-south-1");
            let place = aws_sdk_s3::types::CreateBucketConfiguration::builder().location_constraint(place).build();
            answer.of(s3.create_bucket().bucket(bucket).create_bucket_configuration(place).send().await.told(told)?)
        }
        "PutObject" => {
            let put = s3.put_object().bucket(bucket).key(a.get("key")).body(b"x".to_vec().into());
            answer.of(put.set_if_none_match(a.find("if_none_match").map(str::to_owned)).send().await.told(told)?)
        }
        "GetObject" => answer.of(s3.get_object().bucket(bucket).key(a.get("key")).send().await.told(told)?),
        "DeleteObject" => answer.of(s3.delete_object().bucket(bucket).key(a.get("key")).send().await.told(told)?),
        "ListObjectVersions" => {
            let page = s3.list_object_versions().bucket(bucket).set_max_keys(a.number("max")).send().await.told(told)?;
            answer.count(page.versions().len()).with("More", page.is_truncated.map(|more| more.to_string()))
        }
        "GetBucketPolicy" => answer.of(s3.get_bucket_policy().bucket(bucket).send().await.told(told)?),
        "GetBucketLifecycleConfiguration" => answer.of(s3.get_bucket_lifecycle_configuration().bucket(bucket).send().await.told(told)?),
        "GetBucketTagging" => answer.of(s3.get_bucket_tagging().bucket(bucket).send().await.told(told)?),
        "GetBucketEncryption" => {
            let told = s3.get_bucket_encryption().bucket(bucket).send().await.told(told)?;
            let rule = told.server_side_encryption_configuration.and_then(|it| it.rules.into_iter().next());
            let by = rule.and_then(|it| it.apply_server_side_encryption_by_default).map(|it| it.sse_algorithm.as_str().to_owned());
            answer.with("Algorithm", by)
        }
        "DeleteBucket" => answer.of(s3.delete_bucket().bucket(bucket).send().await.told(told)?),
        other => panic!("s3.{other} is not among the calls"),
    })
}
