using Atelier.Coordinator.Runs;
using Atelier.Coordinator.Storage;
using Atelier.Core.Access;
using Atelier.Core.Alerts;
using Atelier.Core.Evaluations;
using Atelier.Core.Fleet.Generations;
using Atelier.Core.Fleet.Membership;
using Atelier.Core.Telemetry;
using Atelier.Kubernetes.Api;
using Atelier.Rpc.Transport;
using Microsoft.Extensions.Logging;

namespace Atelier.Coordinator.Hosting;

/// <summary>How a coordinator is run.</summary>
public sealed record CoordinatorOptions
{
    /// <summary>Where it listens.</summary>
    public required IReadOnlyList<ListenAddress> Listen { get; init; }

    /// <summary>Where its state is kept.</summary>
    public required CoordinatorDatabase Database { get; init; }

    /// <summary>Where other replicas reach it; needed with a database that replicas share.</summary>
    public ListenAddress? ReplicaAddress { get; init; }

    /// <summary>Its certificate (none on loopback only), and the authorities that callers must show a certificate of, besides their token.</summary>
    public TlsMaterial Tls { get; init; } = TlsMaterial.None;

    /// <summary>Told of what a person may want to know, a line at a time.</summary>
    public Action<string> Say { get; init; } = _ => { };

    /// <summary>Who may call.</summary>
    public AccessGate Gate { get; init; } = new(null, null);

    /// <summary>What its ports bear with.</summary>
    public ServerLimits Limits { get; init; } = new();

    /// <summary>What people may name as data and stores.</summary>
    public AllowedPlaces Places { get; init; } = AllowedPlaces.Anything;

    /// <summary>Deadlines of membership.</summary>
    public FleetSettings Fleet { get; init; } = new();

    /// <summary>Deadlines of generations.</summary>
    public GenerationSettings Generations { get; init; } = new();

    /// <summary>Deadlines of evaluations.</summary>
    public EvaluationSettings Evaluations { get; init; } = new();

    /// <summary>When people are told of a run.</summary>
    public AlertSettings Alerts { get; init; } = new();

    /// <summary>Where alerts are posted to; null for nowhere.</summary>
    public Uri? AlertWebhook { get; init; }

    /// <summary>The namespace of Kubernetes whose <c>TrainingRun</c>s it serves; null for none.</summary>
    public ClusterAccess? Kubernetes { get; init; }

    /// <summary>Told whether it serves.</summary>
    public ProcessHealth Health { get; init; } = new();

    /// <summary>Adds to where its log goes.</summary>
    public Action<ILoggingBuilder> Logging { get; init; } = _ => { };

    /// <summary>What it writes into the folders of runs.</summary>
    public RunFiles Files { get; init; } = new(WritesEvents: true);
}
