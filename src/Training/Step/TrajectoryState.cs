using Atelier.Core.Schedules;
using Atelier.Training.Networks;
using static TorchSharp.torch;

namespace Atelier.Training.Step;

/// <summary>
/// Everything a run's future depends on besides its spec: networks, moments, path-length mean, counters. It is in every
/// snapshot and on every worker, and there is no other state. w_avg lives in the generator's flat buffer.
/// </summary>
public sealed class TrajectoryState : IDisposable
{
    /// <summary>The section of <see cref="Augmentation"/>; snapshots from before there was any lack it.</summary>
    public const string AugmentationSection = "augmentation";

    private readonly Tensor _augmentation; // [3], float64

    /// <summary>A state of zeros; see <see cref="InitialState"/> for one to start from.</summary>
    /// <param name="model">The networks.</param>
    /// <param name="precision">float32 or float64.</param>
    /// <param name="device">Where the tensors live.</param>
    public TrajectoryState(ModelConfig model, ScalarType precision, Device device)
    {
        Model = model;
        Precision = precision;
        Device = device;
        Generator = Zeros(model.GeneratorLayout.Length);
        Discriminator = Zeros(model.DiscriminatorLayout.Length);
        GeneratorAverage = Zeros(model.GeneratorLayout.Length);
        GeneratorMoments = new AdamMoments(model.GeneratorLayout.ParameterLength, precision, device);
        DiscriminatorMoments = new AdamMoments(model.DiscriminatorLayout.ParameterLength, precision, device);
        PathLengthMean = Zeros(1);
        _augmentation = zeros([3], ScalarType.Float64, device).DetachFromDisposeScope();
    }

    /// <summary>The networks' shapes and layouts.</summary>
    public ModelConfig Model { get; }

    /// <summary>float32 or float64.</summary>
    public ScalarType Precision { get; }

    /// <summary>Where the tensors live.</summary>
    public Device Device { get; }

    /// <summary>G's flat buffer, [Length].</summary>
    public Tensor Generator { get; }

    /// <summary>D's flat buffer, [Length].</summary>
    public Tensor Discriminator { get; }

    /// <summary>The exponential moving average of G (G_ema), [Length].</summary>
    public Tensor GeneratorAverage { get; }

    /// <summary>Adam's state for G.</summary>
    public AdamMoments GeneratorMoments { get; }

    /// <summary>Adam's state for D.</summary>
    public AdamMoments DiscriminatorMoments { get; }

    /// <summary>Running mean of path lengths (the a of Karras et al. 2020, equation 4), [1].</summary>
    public Tensor PathLengthMean { get; }

    /// <summary>What adaptive augmentation has come to: p, and the signs it was last told.</summary>
    public AugmentationState Augmentation
    {
        get
        {
            using var scope = NewDisposeScope();
            var host = _augmentation.cpu();
            return new(host[0].item<double>(), host[1].item<double>(), host[2].item<double>());
        }
        internal set
        {
            using var scope = NewDisposeScope();
            using var _ = no_grad();
            _augmentation.copy_(tensor(new[] { value.P, value.SignSum, value.Images }));
        }
    }

    /// <summary>What a phase that begins now takes besides the networks.</summary>
    public PhaseStart PhaseStart => new(PathLengthMean, Augmentation);

    /// <summary>Iterations finished.</summary>
    public long Iteration { get; internal set; }

    /// <summary>Real images shown so far.</summary>
    public long ImageCount { get; internal set; }

    /// <summary>
    /// Phases of the next iteration that are applied already: a halt may fall between two of them. 0 between iterations, and
    /// so in every snapshot and hash that is compared.
    /// </summary>
    public int PhasesDone { get; internal set; }

    /// <summary>A copy that later steps do not touch.</summary>
    public TrajectoryState Clone()
    {
        var copy = new TrajectoryState(Model, Precision, Device);
        copy.CopyFrom(this);
        return copy;
    }

    /// <summary>Becomes equal to <paramref name="other"/>, in place, so that views into the buffers stay valid.</summary>
    public void CopyFrom(TrajectoryState other)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        foreach (var (mine, theirs) in Sections().Zip(other.Sections()))
            mine.Values.copy_(theirs.Values);
        SetCounters(other.Iteration, other.ImageCount, other.GeneratorMoments.Step, other.DiscriminatorMoments.Step, other.PhasesDone);
    }

    /// <summary>All tensors in the one canonical order of hashes, snapshots and transfers.</summary>
    public IReadOnlyList<StateSection> Sections() =>
    [
        new("D", Discriminator),
        new("D.adam.first", DiscriminatorMoments.First),
        new("D.adam.second", DiscriminatorMoments.Second),
        new("G", Generator),
        new("G.adam.first", GeneratorMoments.First),
        new("G.adam.second", GeneratorMoments.Second),
        new("G_ema", GeneratorAverage),
        new(AugmentationSection, _augmentation),
        new("path_length_mean", PathLengthMean),
    ];

    /// <summary>Sets the counters, when a snapshot or another worker's state is loaded.</summary>
    public void SetCounters(long iteration, long imageCount, long generatorSteps, long discriminatorSteps, int phasesDone = 0)
    {
        (Iteration, ImageCount, PhasesDone) = (iteration, imageCount, phasesDone);
        (GeneratorMoments.Step, DiscriminatorMoments.Step) = (generatorSteps, discriminatorSteps);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Generator.Dispose();
        Discriminator.Dispose();
        GeneratorAverage.Dispose();
        GeneratorMoments.Dispose();
        DiscriminatorMoments.Dispose();
        PathLengthMean.Dispose();
        _augmentation.Dispose();
    }

    private Tensor Zeros(long length) => zeros([length], Precision, Device).DetachFromDisposeScope();
}

/// <summary>One named tensor of the state.</summary>
/// <param name="Name">Its name in snapshots.</param>
/// <param name="Values">One-dimensional and contiguous.</param>
public readonly record struct StateSection(string Name, Tensor Values);
