using Atelier.Core;
using Atelier.Core.Randomness;
using Atelier.Core.Schedules;
using Atelier.Training.Interop;
using Atelier.Training.Networks;
using Atelier.Training.Ops;
using static Atelier.Training.Interop.TensorArithmetic;
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

    private readonly Tensor _augmentation; // [3], float64: p, signs, images

    // On the host, where augmentations are drawn; null until it is read from the device.
    private double? _augmentationP;

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

    /// <summary>What adaptive augmentation has come to: p, and the signs it was last told. Reading it waits for the device.</summary>
    public AugmentationState Augmentation
    {
        get
        {
            using var host = _augmentation.ToHost();
            var values = host.data<double>();
            return new(values[0], values[1], values[2]);
        }
        internal set
        {
            using var values = tensor(new[] { value.P, value.SignSum, value.Images });
            _augmentation.copy_(values);
            _augmentationP = value.P;
        }
    }

    /// <summary>What a phase that begins now takes besides the networks.</summary>
    public PhaseStart PhaseStart => new(PathLengthMean, _augmentationP ??= Augmentation.P, Stage);

    /// <summary>What of the networks is in use for the next image.</summary>
    public NetworkStage Stage => Model.Stages.At(new ImageCount(ImageCount));

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
        _augmentationP = null;
    }

    /// <summary>Adds real images' signs to what adaptive augmentation is told, without waiting for the device.</summary>
    /// <param name="signSum">[] float64, the sum of their signs.</param>
    /// <param name="images">Their number.</param>
    internal void SawRealSigns(Tensor signSum, int images)
    {
        _augmentation.select(0, 1).Accumulate(signSum);
        _augmentation.select(0, 2).Accumulate(images);
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

/// <summary>Adam's state for one network (Kingma &amp; Ba 2015).</summary>
public sealed class AdamMoments(long length, ScalarType precision, Device device) : IDisposable
{
    /// <summary>Running mean of the gradient, [ParameterLength].</summary>
    public Tensor First { get; } = zeros([length], precision, device).DetachFromDisposeScope();

    /// <summary>Running mean of the squared gradient, [ParameterLength].</summary>
    public Tensor Second { get; } = zeros([length], precision, device).DetachFromDisposeScope();

    /// <summary>Steps taken, main and regularisation passes together.</summary>
    public long Step { get; internal set; }

    /// <summary>As before the first step.</summary>
    internal void Forget()
    {
        First.zero_();
        Second.zero_();
        Step = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        First.Dispose();
        Second.Dispose();
    }
}

/// <summary>The state that a new run starts from. Initial weights are draws like all others: keyed by seed, network and tensor.</summary>
public static class InitialState
{
    private const int GeneratorNetwork = 0;
    private const int DiscriminatorNetwork = 1;

    /// <summary>Fills <paramref name="state"/> with the initial weights of <paramref name="seed"/>; G_ema starts as G.</summary>
    public static void Fill(TrajectoryState state, ulong seed)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        Fill(state.Generator, state.Model.GeneratorLayout, seed, GeneratorNetwork);
        Fill(state.Discriminator, state.Model.DiscriminatorLayout, seed, DiscriminatorNetwork);
        state.GeneratorAverage.copy_(state.Generator);
    }

    private static void Fill(Tensor flat, NetworkLayout layout, ulong seed, int network)
    {
        var host = zeros([layout.Length], flat.dtype);
        for (int i = 0; i < layout.Entries.Count; i++)
        {
            var entry = layout.Entries[i];
            var values = host.narrow(0, entry.Offset, entry.Count);
            if (entry.Initial.Deviation != 0)
            {
                var (key, counterHigh) = new DrawKey { Seed = seed, Purpose = DrawPurpose.InitialWeights, Phase = network, Index = i }.ToPhilox();
                PhiloxFill.Normal(values, key, counterHigh);
                values.mul_(Number(entry.Initial.Deviation));
            }
            values.Accumulate(entry.Initial.Mean);
        }
        flat.copy_(host);
    }
}
