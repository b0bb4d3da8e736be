//! Containers and volumes of task definitions, as ECS takes and answers them.

use std::collections::HashMap;

use aws_sdk_ecs::error::BuildError;
use aws_sdk_ecs::types::{
    ContainerDefinition, EfsAuthorizationConfig, EfsAuthorizationConfigIam, EfsTransitEncryption, EfsVolumeConfiguration, KeyValuePair,
    LogConfiguration, LogDriver, MountPoint, PortMapping, Secret, TransportProtocol, Volume as RawVolume,
};
use bbws_kinds::{Container, Log, Mount, Port, Transport, Volume};
use bbws_model::{Class, CloudError, Name, Ready};

const GROUP: &str = "awslogs-group";
const REGION: &str = "awslogs-region";
const PREFIX: &str = "awslogs-stream-prefix";
const MODE: &str = "mode";

fn invalid(error: &BuildError) -> CloudError {
    CloudError::own("ecs:RegisterTaskDefinition", Class::Invalid, error.to_string())
}

/// None for an empty list, which ECS would rather not be sent.
fn some<T>(items: Vec<T>) -> Option<Vec<T>> {
    (!items.is_empty()).then_some(items)
}

fn number(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

fn count(value: i32) -> u32 {
    u32::try_from(value).unwrap_or(0)
}

/// A container as ECS takes it; its logs go to `region`.
pub(crate) fn definition(name: &str, container: &Container<Ready>, region: &str) -> Result<ContainerDefinition, CloudError> {
    let Container {
        image,
        essential,
        cpu,
        memory,
        memory_reservation,
        entry_point,
        command,
        user,
        read_only_root,
        environment,
        secrets,
        ports,
        mounts,
        log,
    } = container;
    let variable = |(key, value): (&String, &String)| KeyValuePair::builder().name(key).value(value).build();
    let secret = |(key, from): (&String, &String)| Secret::builder().name(key).value_from(from).build();
    let port = |port: &Port| {
        let protocol = match port.protocol {
            Transport::Tcp => TransportProtocol::Tcp,
            Transport::Udp => TransportProtocol::Udp,
        };
        // The task has an address of its own, so the port outside is the port inside.
        PortMapping::builder().container_port(port.port.into()).host_port(port.port.into()).protocol(protocol).build()
    };
    let mount = |mount: &Mount| {
        let Mount { volume, path, read_only } = mount;
        MountPoint::builder().source_volume(volume).container_path(path).read_only(*read_only).build()
    };
    let secrets = secrets.iter().map(secret).collect::<Result<_, _>>().map_err(|error| invalid(&error))?;
    Ok(ContainerDefinition::builder()
        .name(name)
        .image(image)
        .essential(*essential)
        .cpu(number(*cpu))
        .set_memory(memory.map(number))
        .set_memory_reservation(memory_reservation.map(number))
        .set_entry_point(some(entry_point.clone()))
        .set_command(some(command.clone()))
        .set_user(user.clone())
        .readonly_root_filesystem(*read_only_root)
        .set_environment(some(environment.iter().map(variable).collect()))
        .set_secrets(some(secrets))
        .set_port_mappings(some(ports.iter().map(port).collect()))
        .set_mount_points(some(mounts.iter().map(mount).collect()))
        .set_log_configuration(log.as_ref().map(|log| logs_to(log, region)).transpose()?)
        .build())
}

fn logs_to(log: &Log<Ready>, region: &str) -> Result<LogConfiguration, CloudError> {
    let Log { group, stream_prefix, non_blocking } = log;
    let mut options = HashMap::from([
        (GROUP.to_owned(), group.to_string()),
        (REGION.to_owned(), region.to_owned()),
        (PREFIX.to_owned(), stream_prefix.clone()),
    ]);
    if *non_blocking {
        options.insert(MODE.to_owned(), "non-blocking".to_owned());
    }
    LogConfiguration::builder().log_driver(LogDriver::Awslogs).set_options(Some(options)).build().map_err(|error| invalid(&error))
}

/// A container as ECS answers it.
pub(crate) fn container(raw: &ContainerDefinition) -> Container<Ready> {
    let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
    let port = |raw: &PortMapping| {
        let port = raw.container_port().and_then(|port| u16::try_from(port).ok())?;
        Some(Port { port, protocol: if raw.protocol() == Some(&TransportProtocol::Udp) { Transport::Udp } else { Transport::Tcp } })
    };
    let mount = |raw: &MountPoint| Mount {
        volume: text(raw.source_volume()),
        path: text(raw.container_path()),
        read_only: raw.read_only().unwrap_or(false),
    };
    let log = |raw: &LogConfiguration| {
        let option = |key: &str| raw.options().and_then(|options| options.get(key)).cloned().unwrap_or_default();
        (*raw.log_driver() == LogDriver::Awslogs).then(|| Log {
            group: Name::new(option(GROUP)),
            stream_prefix: option(PREFIX),
            non_blocking: option(MODE) == "non-blocking",
        })
    };
    Container {
        image: text(raw.image()),
        essential: raw.essential().unwrap_or(true),
        cpu: count(raw.cpu()),
        memory: raw.memory().map(count),
        memory_reservation: raw.memory_reservation().map(count),
        entry_point: raw.entry_point().to_vec(),
        command: raw.command().to_vec(),
        user: raw.user().filter(|user| !user.is_empty()).map(str::to_owned),
        read_only_root: raw.readonly_root_filesystem().unwrap_or(false),
        environment: raw.environment().iter().map(|pair| (text(pair.name()), text(pair.value()))).collect(),
        secrets: raw.secrets().iter().map(|secret| (secret.name().to_owned(), secret.value_from().to_owned())).collect(),
        ports: raw.port_mappings().iter().filter_map(port).collect(),
        mounts: raw.mount_points().iter().map(mount).collect(),
        log: raw.log_configuration().and_then(log),
    }
}

/// A volume as ECS takes it.
pub(crate) fn raw_volume(name: &str, volume: &Volume<Ready>) -> Result<RawVolume, CloudError> {
    let Volume { file_system, root, access_point, transit_encryption, iam } = volume;
    let encryption = if *transit_encryption { EfsTransitEncryption::Enabled } else { EfsTransitEncryption::Disabled };
    let authorization = (access_point.is_some() || *iam).then(|| {
        let iam = if *iam { EfsAuthorizationConfigIam::Enabled } else { EfsAuthorizationConfigIam::Disabled };
        EfsAuthorizationConfig::builder().set_access_point_id(access_point.clone()).iam(iam).build()
    });
    let efs = EfsVolumeConfiguration::builder()
        .file_system_id(file_system.as_str())
        // An access point brings its own root directory.
        .set_root_directory(access_point.is_none().then(|| root.clone()))
        .transit_encryption(encryption)
        .set_authorization_config(authorization);
    Ok(RawVolume::builder().name(name).efs_volume_configuration(efs.build().map_err(|error| invalid(&error))?).build())
}

/// A volume as ECS answers it; none for one that is not on EFS.
pub(crate) fn volume(raw: &RawVolume) -> Option<(String, Volume<Ready>)> {
    let efs = raw.efs_volume_configuration()?;
    let authorization = efs.authorization_config();
    let volume = Volume {
        file_system: efs.file_system_id().to_owned(),
        root: efs.root_directory().filter(|root| !root.is_empty()).unwrap_or("/").to_owned(),
        access_point: authorization.and_then(|a| a.access_point_id()).filter(|id| !id.is_empty()).map(str::to_owned),
        transit_encryption: efs.transit_encryption() == Some(&EfsTransitEncryption::Enabled),
        iam: authorization.and_then(|a| a.iam()) == Some(&EfsAuthorizationConfigIam::Enabled),
    };
    Some((raw.name()?.to_owned(), volume))
}
