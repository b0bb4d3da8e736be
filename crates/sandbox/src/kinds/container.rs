//! Containers and volumes of task definitions: what ECS demands of them on Fargate, and how it answers them.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ecs::types::{
    ContainerDefinition, EfsAuthorizationConfig, EfsTransitEncryption, EfsVolumeConfiguration, KeyValuePair, LogConfiguration, LogDriver,
    MountPoint, PortMapping, Secret, TransportProtocol, Volume as RawVolume,
};
use serde::{Deserialize, Serialize};

use super::ecs::{client, is_name, unless_simulated};
use crate::fate::Answer;

/// One container, as it was registered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Container {
    pub(crate) name: String,
    pub(crate) image: String,
    pub(crate) essential: bool,
    pub(crate) cpu: i32,
    pub(crate) memory: Option<i32>,
    pub(crate) memory_reservation: Option<i32>,
    pub(crate) entry_point: Vec<String>,
    pub(crate) command: Vec<String>,
    pub(crate) user: Option<String>,
    pub(crate) read_only_root: Option<bool>,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) secrets: BTreeMap<String, String>,
    /// Port and protocol.
    pub(crate) ports: Vec<(i32, String)>,
    /// Volume, path, and whether it cannot be written there.
    pub(crate) mounts: Vec<(String, String, Option<bool>)>,
    /// Driver and options.
    pub(crate) log: Option<(String, BTreeMap<String, String>)>,
}

/// One volume on EFS, as it was registered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Volume {
    pub(crate) name: String,
    pub(crate) file_system: String,
    pub(crate) root: Option<String>,
    pub(crate) encrypted: bool,
    pub(crate) access_point: Option<String>,
    /// None: no authorization was spoken of.
    pub(crate) iam: Option<String>,
}

impl Container {
    /// How much memory is set aside for it at least.
    pub(crate) fn reserved(&self) -> i32 {
        self.memory_reservation.or(self.memory).unwrap_or(0)
    }

    /// Takes over what was sent, as ECS takes it for Fargate.
    pub(crate) fn read(raw: &ContainerDefinition, volumes: &[Volume], execution_role: bool) -> Answer<Self> {
        let name = raw.name().unwrap_or_default().to_owned();
        if !is_name(&name) {
            return Err(client(format!("Invalid container name '{name}'.")));
        }
        if raw.image().unwrap_or_default().is_empty() {
            return Err(client("Container.image should not be null or empty."));
        }
        if raw.privileged() == Some(true) {
            return Err(client("Fargate does not support privileged containers."));
        }
        let container = Self {
            name,
            image: raw.image().unwrap_or_default().to_owned(),
            essential: raw.essential().unwrap_or(true),
            cpu: raw.cpu(),
            memory: raw.memory(),
            memory_reservation: raw.memory_reservation(),
            entry_point: raw.entry_point().to_vec(),
            command: raw.command().to_vec(),
            user: raw.user().map(str::to_owned),
            read_only_root: raw.readonly_root_filesystem(),
            environment: environment(raw)?,
            secrets: secrets(raw, execution_role)?,
            ports: ports(raw)?,
            mounts: mounts(raw, volumes)?,
            log: raw.log_configuration().map(|log| logs(log, execution_role)).transpose()?,
        };
        container.check_memory()?;
        container.check_simulated(raw)?;
        Ok(container)
    }

    fn check_memory(&self) -> Answer<()> {
        let name = &self.name;
        if self.memory.is_some_and(|memory| memory < 6) || self.memory_reservation.is_some_and(|memory| memory < 6) {
            return Err(client(format!("Invalid setting for container '{name}'. The memory must be at least 6 MiB.")));
        }
        if self.memory.zip(self.memory_reservation).is_some_and(|(memory, kept)| kept > memory) {
            return Err(client(format!(
                "Invalid setting for container '{name}'. The memory reservation must be less than or equal to the memory."
            )));
        }
        if self.cpu < 0 {
            return Err(client(format!("Invalid 'cpu' setting for container '{name}'.")));
        }
        Ok(())
    }

    /// What was sent has nothing that would be lost here.
    fn check_simulated(&self, raw: &ContainerDefinition) -> Answer<()> {
        let unknown = [
            (raw.repository_credentials().is_some(), "repositoryCredentials"),
            (!raw.links().is_empty(), "links"),
            (raw.restart_policy().is_some(), "restartPolicy"),
            (!raw.environment_files().is_empty(), "environmentFiles"),
            (!raw.volumes_from().is_empty(), "volumesFrom"),
            (raw.linux_parameters().is_some(), "linuxParameters"),
            (!raw.depends_on().is_empty(), "dependsOn"),
            (raw.start_timeout().is_some() || raw.stop_timeout().is_some(), "startTimeout and stopTimeout"),
            (raw.version_consistency().is_some(), "versionConsistency"),
            (raw.hostname().is_some(), "hostname"),
            (raw.working_directory().is_some(), "workingDirectory"),
            (raw.disable_networking().is_some(), "disableNetworking"),
            (!raw.dns_servers().is_empty() || !raw.dns_search_domains().is_empty(), "dnsServers and dnsSearchDomains"),
            (!raw.extra_hosts().is_empty(), "extraHosts"),
            (!raw.docker_security_options().is_empty(), "dockerSecurityOptions"),
            (raw.interactive().is_some() || raw.pseudo_terminal().is_some(), "interactive and pseudoTerminal"),
            (raw.docker_labels().is_some(), "dockerLabels"),
            (!raw.ulimits().is_empty(), "ulimits"),
            (raw.health_check().is_some(), "healthCheck"),
            (!raw.system_controls().is_empty(), "systemControls"),
            (!raw.resource_requirements().is_empty(), "resourceRequirements"),
            (raw.firelens_configuration().is_some(), "firelensConfiguration"),
            (!raw.credential_specs().is_empty(), "credentialSpecs"),
        ];
        unknown.into_iter().try_for_each(|(given, what)| unless_simulated(given, &format!("{what} of a container")))
    }

    /// How ECS answers it: with the ports of Fargate, and empty lists where nothing was said.
    pub(crate) fn answer(&self) -> Answer<ContainerDefinition> {
        let pair = |(name, value): (&String, &String)| KeyValuePair::builder().name(name).value(value).build();
        let secret = |(name, from): (&String, &String)| Secret::builder().name(name).value_from(from).build();
        let port = |(port, protocol): &(i32, String)| {
            PortMapping::builder().container_port(*port).host_port(*port).protocol(TransportProtocol::from(protocol.as_str())).build()
        };
        let mount = |(volume, path, read_only): &(String, String, Option<bool>)| {
            MountPoint::builder().source_volume(volume).container_path(path).set_read_only(*read_only).build()
        };
        let listed = |texts: &Vec<String>| (!texts.is_empty()).then(|| texts.clone());
        let log = |(driver, options): &(String, BTreeMap<String, String>)| {
            let options = options.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
            LogConfiguration::builder().log_driver(LogDriver::from(driver.as_str())).set_options(Some(options)).build()
        };
        let secrets = self.secrets.iter().map(secret).collect::<Result<Vec<_>, _>>()?;
        Ok(ContainerDefinition::builder()
            .name(&self.name)
            .image(&self.image)
            .essential(self.essential)
            .cpu(self.cpu)
            .set_memory(self.memory)
            .set_memory_reservation(self.memory_reservation)
            .set_entry_point(listed(&self.entry_point))
            .set_command(listed(&self.command))
            .set_user(self.user.clone())
            .set_readonly_root_filesystem(self.read_only_root)
            // In an order of its own, which nobody may count on.
            .set_environment(Some(self.environment.iter().rev().map(pair).collect()))
            .set_secrets((!secrets.is_empty()).then_some(secrets))
            .set_port_mappings(Some(self.ports.iter().map(port).collect()))
            .set_mount_points(Some(self.mounts.iter().map(mount).collect()))
            .set_volumes_from(Some(vec![]))
            .set_system_controls(Some(vec![]))
            .set_log_configuration(self.log.as_ref().map(log).transpose()?)
            .build())
    }
}

fn environment(raw: &ContainerDefinition) -> Answer<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    for pair in raw.environment() {
        let name = pair.name().filter(|name| !name.is_empty()).ok_or_else(|| client("The name of an environment variable is empty."))?;
        all.insert(name.to_owned(), pair.value().unwrap_or_default().to_owned());
    }
    Ok(all)
}

fn secrets(raw: &ContainerDefinition, execution_role: bool) -> Answer<BTreeMap<String, String>> {
    let mut all = BTreeMap::new();
    for secret in raw.secrets() {
        let name = secret.name();
        let taken = raw.environment().iter().any(|pair| pair.name() == Some(name)) || all.contains_key(name);
        if taken {
            return Err(client(format!(
                "The secret name must be unique and not shared with any new or existing environment variables set on the container, such as '{name}'."
            )));
        }
        let from = secret.value_from();
        if !from.starts_with("arn:aws:secretsmanager:") && !from.starts_with("arn:aws:ssm:") {
            return Err(client(format!("sandbox: the secret '{name}' is not named by the ARN of a secret or parameter")));
        }
        all.insert(name.to_owned(), from.to_owned());
    }
    if !all.is_empty() && !execution_role {
        return Err(client("When you are specifying container secrets, you must also specify a value for 'executionRoleArn'."));
    }
    Ok(all)
}

fn ports(raw: &ContainerDefinition) -> Answer<Vec<(i32, String)>> {
    let (mut all, mut seen) = (vec![], BTreeSet::new());
    for mapping in raw.port_mappings() {
        let other = mapping.name().is_some() || mapping.app_protocol().is_some() || mapping.container_port_range().is_some();
        unless_simulated(other, "a named port or a range of ports")?;
        let port = mapping.container_port().filter(|port| (1..=65_535).contains(port));
        let port = port.ok_or_else(|| client("Invalid 'containerPort' setting for container."))?;
        if mapping.host_port().is_some_and(|host| host != 0 && host != port) {
            return Err(client("When networkMode=awsvpc, the host ports and container ports in port mappings must match."));
        }
        let protocol = mapping.protocol().unwrap_or(&TransportProtocol::Tcp).as_str().to_owned();
        if !seen.insert((port, protocol.clone())) {
            return Err(client(format!("The port {port}/{protocol} is mapped twice.")));
        }
        all.push((port, protocol));
    }
    Ok(all)
}

fn mounts(raw: &ContainerDefinition, volumes: &[Volume]) -> Answer<Vec<(String, String, Option<bool>)>> {
    let mut all = vec![];
    for mount in raw.mount_points() {
        let (volume, path) = (mount.source_volume().unwrap_or_default(), mount.container_path().unwrap_or_default());
        if !volumes.iter().any(|have| have.name == volume) {
            return Err(client(format!("Unknown volume '{volume}'.")));
        }
        if path.is_empty() {
            return Err(client("The containerPath of a mount point is empty."));
        }
        all.push((volume.to_owned(), path.to_owned(), mount.read_only()));
    }
    Ok(all)
}

fn logs(log: &LogConfiguration, execution_role: bool) -> Answer<(String, BTreeMap<String, String>)> {
    unless_simulated(*log.log_driver() != LogDriver::Awslogs, "a log driver other than awslogs")?;
    unless_simulated(!log.secret_options().is_empty(), "a secret option of a log driver")?;
    if !execution_role {
        return Err(client("Fargate requires task definition to have execution role ARN to support log driver awslogs."));
    }
    let options: BTreeMap<String, String> = log.options().into_iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect();
    for option in ["awslogs-group", "awslogs-region", "awslogs-stream-prefix"] {
        if options.get(option).is_none_or(String::is_empty) {
            return Err(client(format!("Log driver awslogs requires options: {option}")));
        }
    }
    Ok((log.log_driver().as_str().to_owned(), options))
}

impl Volume {
    /// Takes over what was sent, as ECS takes it.
    pub(crate) fn read(raw: &RawVolume) -> Answer<Self> {
        let name = raw.name().unwrap_or_default();
        if !is_name(name) {
            return Err(client(format!("Invalid volume name '{name}'.")));
        }
        unless_simulated(raw.configured_at_launch() == Some(true), "a volume configured at launch")?;
        let efs = raw.efs_volume_configuration().ok_or_else(|| client("sandbox: only volumes on EFS are simulated"))?;
        let file_system = efs.file_system_id();
        if !file_system.starts_with("fs-") {
            return Err(client(format!("Invalid file system id '{file_system}'.")));
        }
        let encrypted = efs.transit_encryption() == Some(&EfsTransitEncryption::Enabled);
        unless_simulated(efs.transit_encryption_port().is_some(), "a port for encryption in transit")?;
        let authorization = efs.authorization_config();
        if authorization.is_some() && !encrypted {
            return Err(client("EFS volume with authorization requires TransitEncryption to be ENABLED."));
        }
        let access_point = authorization.and_then(EfsAuthorizationConfig::access_point_id).map(str::to_owned);
        let root = efs.root_directory().map(str::to_owned);
        if access_point.is_some() && root.as_deref().is_some_and(|root| root != "/") {
            return Err(client("If an EFS access point is specified, the root directory must be omitted or set to '/'."));
        }
        if access_point.as_ref().is_some_and(|id| !id.starts_with("fsap-")) {
            return Err(client("Invalid EFS access point id."));
        }
        let iam = authorization.map(|with| with.iam().map_or("DISABLED", |iam| iam.as_str()).to_owned());
        Ok(Self { name: name.to_owned(), file_system: file_system.to_owned(), root, encrypted, access_point, iam })
    }

    pub(crate) fn answer(&self) -> Answer<RawVolume> {
        let authorization = self.iam.as_ref().map(|iam| {
            let with = EfsAuthorizationConfig::builder().set_access_point_id(self.access_point.clone());
            with.iam(iam.as_str().into()).build()
        });
        let efs = EfsVolumeConfiguration::builder()
            .file_system_id(&self.file_system)
            .root_directory(self.root.as_deref().unwrap_or("/"))
            .transit_encryption(if self.encrypted { EfsTransitEncryption::Enabled } else { EfsTransitEncryption::Disabled })
            .set_authorization_config(authorization);
        Ok(RawVolume::builder().name(&self.name).efs_volume_configuration(efs.build()?).build())
    }
}
