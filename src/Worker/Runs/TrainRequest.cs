using Atelier.Core.Specs;
using Atelier.Training.Data;
using Atelier.Training.Numerics;

namespace Atelier.Worker.Runs;

/// <summary>What a person asked for: the command line of <c>train</c>, or what stands for it.</summary>
public sealed record TrainRequest
{
    /// <summary>The run's folder.</summary>
    public required string Out { get; init; }

    /// <summary>What the data is called in the run's record: a path, or a name of built-in data.</summary>
    public required string DataName { get; init; }

    /// <summary>Opens the data's files.</summary>
    public required Func<ImageSource> OpenData { get; init; }

    /// <summary>A recipe asked for by name or file; null for the run's own, or the default for a new run.</summary>
    public Recipe? Recipe { get; init; }

    /// <summary>Spec keys given on the command line.</summary>
    public IReadOnlyList<SpecAssignment> Overrides { get; init; } = [];

    /// <summary>Holders of shards in this process, each with a state of its own.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Where this process computes; its workers, where it starts some, take a GPU each.</summary>
    public ComputeDevice Device { get; init; } = ComputeDevice.Cpu;

    /// <summary>Devices that the auto recipe is computed for.</summary>
    public int Gpus { get; init; } = 1;

    /// <summary>A network to start from, for a new run.</summary>
    public string? Init { get; init; }

    /// <summary>Go on although the numerics differ from those that the run was made with.</summary>
    public bool AcceptNewNumerics { get; init; }

    /// <summary>Where statistics of the real images are kept between runs; null for the user's cache.</summary>
    public string? StatisticsFolder { get; init; }

    /// <summary>Stop after this much training time, with a snapshot; null to go on to the last image.</summary>
    public TimeSpan? TimeLimit { get; init; }
}
