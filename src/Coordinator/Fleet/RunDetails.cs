using Orleans;

namespace Atelier.Coordinator.Fleet;

/// <summary>A run as it was submitted, with its spec resolved.</summary>
[GenerateSerializer, Immutable]
public sealed record RunDetails
{
    /// <summary>Its name.</summary>
    [Id(0)]
    public required string Run { get; init; }

    /// <summary>The whole resolved spec, as JSON.</summary>
    [Id(1)]
    public required string SpecJson { get; init; }

    /// <summary>Branch number.</summary>
    [Id(2)]
    public uint Branch { get; init; }

    /// <summary>The data set's path, as the workers see it.</summary>
    [Id(3)]
    public required string DataPath { get; init; }

    /// <summary>The run's folder or store, as coordinator and workers see it.</summary>
    [Id(4)]
    public required string Store { get; init; }

    /// <summary>A network file to start from; empty for none.</summary>
    [Id(5)]
    public string InitPath { get; init; } = "";

    /// <summary>Higher ones are served first.</summary>
    [Id(6)]
    public int Priority { get; init; }

    /// <summary>With fewer workers it waits.</summary>
    [Id(7)]
    public int MinWorkers { get; init; } = 1;

    /// <summary>More workers it does not take.</summary>
    [Id(8)]
    public int MaxWorkers { get; init; } = 1;

    /// <summary>Digest of the numerics of its newest snapshot; null where any will do.</summary>
    [Id(9)]
    public string? Numerics { get; init; }

    /// <summary>When it was submitted.</summary>
    [Id(10)]
    public long SubmittedUnixMs { get; init; }
}
