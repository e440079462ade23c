namespace Atelier.Cli.Certificates;

/// <summary>Whom a certificate is for.</summary>
internal enum CertificateRole
{
    /// <summary>The coordinator: a TLS server.</summary>
    Server,

    /// <summary>A worker: a TLS client of the coordinator, and a server and client towards other workers.</summary>
    Worker,

    /// <summary>A person: a TLS client.</summary>
    Person,
}
