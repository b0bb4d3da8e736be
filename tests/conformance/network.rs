//! The calls of EC2 and Elastic Load Balancing that the table may name.

use aws_sdk_ec2::types::{AttributeBooleanValue, IpPermission, IpRange, UserIdGroupPair};
use aws_sdk_elasticloadbalancingv2::types::{
    Action, ActionTypeEnum, FixedResponseActionConfig, LoadBalancerAttribute, LoadBalancerSchemeEnum, ProtocolEnum,
};
use bbws_aws::{Clients, Told};
use bbws_model::CloudError;

use crate::{Answer, Args};

pub(crate) async fn ec2(clients: &Clients, name: &str, a: &Args) -> Result<Answer, CloudError> {
    let (ec2, told) = (&clients.ec2, "ec2");
    let answer = Answer::new();
    Ok(match name {
        "CreateVpc" => answer.with("Id", ec2.create_vpc().cidr_block(a.get("cidr")).send().await.told(told)?.vpc.and_then(|it| it.vpc_id)),
        "DescribeVpcs" => answer.count(ec2.describe_vpcs().vpc_ids(a.get("id")).send().await.told(told)?.vpcs().len()),
        "DeleteVpc" => answer.of(ec2.delete_vpc().vpc_id(a.get("id")).send().await.told(told)?),
        "ModifyVpcAttribute" => {
            let off = AttributeBooleanValue::builder().value(false).build();
            answer.of(ec2.modify_vpc_attribute().vpc_id(a.get("id")).enable_dns_hostnames(off).send().await.told(told)?)
        }
        "CreateSubnet" => {
            let create = ec2.create_subnet().vpc_id(a.get("vpc")).cidr_block(a.get("cidr")).availability_zone(a.get("zone"));
            answer.with("Id", create.send().await.told(told)?.subnet.and_then(|it| it.subnet_id))
        }
        "DescribeSubnets" => {
            let mut describe = ec2.describe_subnets().set_max_results(a.number("max"));
            if let Some(id) = a.find("id") {
                describe = describe.subnet_ids(id);
            }
            let page = describe.send().await.told(told)?;
            answer.count(page.subnets().len()).more(page.next_token())
        }
        "DeleteSubnet" => answer.of(ec2.delete_subnet().subnet_id(a.get("id")).send().await.told(told)?),
        "CreateInternetGateway" => {
            let made = ec2.create_internet_gateway().send().await.told(told)?;
            answer.with("Id", made.internet_gateway.and_then(|it| it.internet_gateway_id))
        }
        "AttachInternetGateway" => {
            answer.of(ec2.attach_internet_gateway().internet_gateway_id(a.get("id")).vpc_id(a.get("vpc")).send().await.told(told)?)
        }
        "DetachInternetGateway" => {
            answer.of(ec2.detach_internet_gateway().internet_gateway_id(a.get("id")).vpc_id(a.get("vpc")).send().await.told(told)?)
        }
        "DeleteInternetGateway" => answer.of(ec2.delete_internet_gateway().internet_gateway_id(a.get("id")).send().await.told(told)?),
        "AllocateAddress" => answer.with("Id", ec2.allocate_address().domain("vpc".into()).send().await.told(told)?.allocation_id),
        "DescribeAddresses" => {
            answer.count(ec2.describe_addresses().allocation_ids(a.get("id")).send().await.told(told)?.addresses().len())
        }
        "ReleaseAddress" => answer.of(ec2.release_address().allocation_id(a.get("id")).send().await.told(told)?),
        "CreateNatGateway" => {
            let create = ec2.create_nat_gateway().subnet_id(a.get("subnet")).allocation_id(a.get("address")).client_token(a.get("token"));
            answer.with("Id", create.send().await.told(told)?.nat_gateway.and_then(|it| it.nat_gateway_id))
        }
        "DescribeNatGateways" => {
            answer.count(ec2.describe_nat_gateways().nat_gateway_ids(a.get("id")).send().await.told(told)?.nat_gateways().len())
        }
        "DeleteNatGateway" => {
            answer.with("Id", ec2.delete_nat_gateway().nat_gateway_id(a.get("id")).send().await.told(told)?.nat_gateway_id)
        }
        "CreateRouteTable" => {
            let made = ec2.create_route_table().vpc_id(a.get("vpc")).client_token(a.get("token")).send().await.told(told)?;
            answer.with("Id", made.route_table.and_then(|it| it.route_table_id))
        }
        "DescribeRouteTables" => {
            answer.count(ec2.describe_route_tables().route_table_ids(a.get("id")).send().await.told(told)?.route_tables().len())
        }
        "DeleteRouteTable" => answer.of(ec2.delete_route_table().route_table_id(a.get("id")).send().await.told(told)?),
        "CreateRoute" => {
            let create = ec2.create_route().route_table_id(a.get("table")).destination_cidr_block(a.get("to")).gateway_id(a.get("gateway"));
            answer.of(create.send().await.told(told)?)
        }
        "ReplaceRoute" => {
            let replace =
                ec2.replace_route().route_table_id(a.get("table")).destination_cidr_block(a.get("to")).gateway_id(a.get("gateway"));
            answer.of(replace.send().await.told(told)?)
        }
        "DeleteRoute" => {
            answer.of(ec2.delete_route().route_table_id(a.get("table")).destination_cidr_block(a.get("to")).send().await.told(told)?)
        }
        "AssociateRouteTable" => {
            let made = ec2.associate_route_table().route_table_id(a.get("table")).subnet_id(a.get("subnet")).send().await.told(told)?;
            answer.with("Id", made.association_id)
        }
        "DisassociateRouteTable" => answer.of(ec2.disassociate_route_table().association_id(a.get("id")).send().await.told(told)?),
        "CreateSecurityGroup" => {
            let create = ec2.create_security_group().vpc_id(a.get("vpc")).group_name(a.get("name")).description("x");
            answer.with("Id", create.send().await.told(told)?.group_id)
        }
        "DescribeSecurityGroups" => {
            answer.count(ec2.describe_security_groups().group_ids(a.get("id")).send().await.told(told)?.security_groups().len())
        }
        "DeleteSecurityGroup" => answer.of(ec2.delete_security_group().group_id(a.get("id")).send().await.told(told)?),
        "AuthorizeSecurityGroupIngress" => {
            let mut rule = IpPermission::builder().ip_protocol("tcp").from_port(80).to_port(80);
            rule = match a.find("group") {
                Some(group) => rule.user_id_group_pairs(UserIdGroupPair::builder().group_id(group).build()),
                None => rule.ip_ranges(IpRange::builder().cidr_ip(a.get("cidr")).build()),
            };
            let made = ec2.authorize_security_group_ingress().group_id(a.get("id")).ip_permissions(rule.build()).send().await.told(told)?;
            answer.with("Id", made.security_group_rules().first().and_then(|it| it.security_group_rule_id.clone()))
        }
        "RevokeSecurityGroupIngress" => {
            let revoke = ec2.revoke_security_group_ingress().group_id(a.get("id")).security_group_rule_ids(a.get("rule"));
            answer.of(revoke.send().await.told(told)?)
        }
        "CreateVpcEndpoint" => {
            let create = ec2.create_vpc_endpoint().vpc_id(a.get("vpc")).service_name("com.amazonaws.af-south-1.s3");
            let create = create.route_table_ids(a.get("table")).client_token(a.get("token"));
            answer.with("Id", create.send().await.told(told)?.vpc_endpoint.and_then(|it| it.vpc_endpoint_id))
        }
        "DescribeVpcEndpoints" => {
            answer.count(ec2.describe_vpc_endpoints().vpc_endpoint_ids(a.get("id")).send().await.told(told)?.vpc_endpoints().len())
        }
        "DeleteFlowLogs" => {
            let done = ec2.delete_flow_logs().flow_log_ids(a.get("id")).send().await.told(told)?;
            answer.with("Unsuccessful", done.unsuccessful().first().and_then(|it| it.error.clone()).and_then(|it| it.code))
        }
        other => panic!("ec2.{other} is not among the calls"),
    })
}

pub(crate) async fn elb(clients: &Clients, name: &str, a: &Args) -> Result<Answer, CloudError> {
    let (elb, told) = (&clients.elb, "elasticloadbalancing");
    let answer = Answer::new();
    Ok(match name {
        "CreateLoadBalancer" => {
            let scheme = a.find("scheme").map(LoadBalancerSchemeEnum::from);
            let create = elb.create_load_balancer().name(a.get("name")).subnets(a.get("a")).subnets(a.get("b")).set_scheme(scheme);
            let made = create.send().await.told(told)?;
            answer.with("Arn", made.load_balancers().first().and_then(|it| it.load_balancer_arn.clone()))
        }
        "DescribeLoadBalancers" => {
            let mut describe = elb.describe_load_balancers().set_page_size(a.number("max"));
            if let Some(name) = a.find("name") {
                describe = describe.names(name);
            }
            let page = describe.send().await.told(told)?;
            answer.count(page.load_balancers().len()).more(page.next_marker())
        }
        "ModifyLoadBalancerAttributes" => {
            let attribute = LoadBalancerAttribute::builder().key(a.get("key")).value(a.get("value")).build();
            answer.of(elb
                .modify_load_balancer_attributes()
                .load_balancer_arn(a.get("arn"))
                .attributes(attribute)
                .send()
                .await
                .told(told)?)
        }
        "DeleteLoadBalancer" => answer.of(elb.delete_load_balancer().load_balancer_arn(a.get("arn")).send().await.told(told)?),
        "CreateListener" => {
            let fixed = FixedResponseActionConfig::builder().status_code(a.get("status")).build();
            let action = Action::builder().r#type(ActionTypeEnum::FixedResponse).fixed_response_config(fixed).build();
            let create = elb.create_listener().load_balancer_arn(a.get("arn")).port(a.number("port").unwrap_or(80));
            let made = create.protocol(ProtocolEnum::Http).default_actions(action).send().await.told(told)?;
            answer.with("Arn", made.listeners().first().and_then(|it| it.listener_arn.clone()))
        }
        "DescribeListeners" => {
            answer.count(elb.describe_listeners().listener_arns(a.get("arn")).send().await.told(told)?.listeners().len())
        }
        "DeleteListener" => answer.of(elb.delete_listener().listener_arn(a.get("arn")).send().await.told(told)?),
        other => panic!("elb.{other} is not among the calls"),
    })
}
