using Atelier.Core.Schedules;
using Atelier.Core;
using Atelier.Training.Augmentation;
using Atelier.Training.Interop;
using Atelier.Training.Networks;
using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Training.Step;

/// <summary>
/// One iteration: each phase is computed from the state (a pure function), summed over the shards, and applied in one
/// local step. It knows no files, sockets, loggers or arguments; a halt takes effect before or after a phase.
/// </summary>
/// <param name="lanes">Computes this process's shards.</param>
/// <param name="reduction">Sums over all processes.</param>
/// <param name="options">What the step needs of the spec.</param>
public sealed class TrainStep(ShardLanes lanes, IPhaseReduction reduction, StepOptions options)
{
    /// <summary>Told after every phase that was applied, when the state is whole again; null for nobody.</summary>
    public Action<Phase>? PhaseApplied { get; init; }

    /// <summary>Runs the phases of the state's next iteration that are not applied yet, and advances its counters.</summary>
    /// <param name="state">Changed in place.</param>
    /// <param name="inputs">Real images and draws of (phase, shard).</param>
    /// <param name="statistics">Receives what the phases report.</param>
    /// <param name="cancellation">Halts between phases; the state is then as after the last whole one.</param>
    public void Run(TrajectoryState state, Func<Phase, int, ShardInputs> inputs, StepStatistics statistics, CancellationToken cancellation)
    {
        var phases = PhaseSchedule.At(options.Phases, state.Iteration).ToList();
        foreach (var phase in phases.Skip(state.PhasesDone).ToList())
        {
            cancellation.ThrowIfCancellationRequested();
            var pieces = lanes.Sum(phase, reduction.ShardCount, reduction.Held, shard => inputs(phase, shard), state.PhaseStart, cancellation);
            using var sum = reduction.Reduce(phase.Kind.ToString(), pieces, cancellation);
            Apply(state, phase, sum, statistics);
            state.PhasesDone++;
            if (state.PhasesDone == phases.Count)
                FinishIteration(state, statistics);
            PhaseApplied?.Invoke(phase);
        }
    }

    private void Apply(TrajectoryState state, Phase phase, Tensor sum, StepStatistics statistics)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        using var queued = ReadBack.Forbid();
        double scale = 1.0 / reduction.ShardCount;
        bool trainsGenerator = phase.Network == TrainedNetwork.Generator;
        var buffer = trainsGenerator ? state.Model.GeneratorBuffer : state.Model.DiscriminatorBuffer;
        var moments = trainsGenerator ? state.GeneratorMoments : state.DiscriminatorMoments;
        var parameters = (trainsGenerator ? state.Generator : state.Discriminator).narrow(0, 0, buffer.GradientLength);

        moments.Step++;
        var (batch, generatorAdam, discriminatorAdam) = At(state);
        var adam = trainsGenerator ? generatorAdam : discriminatorAdam;
        var nonFinite = FlatOptimizer.AdamStep(
            parameters, buffer.Gradient(sum), moments.First, moments.Second, adam, moments.Step, scale);
        if (trainsGenerator)
            PixelInstanceNorm.Clip(state.Generator, state.Model.PixelShares);

        if (trainsGenerator || phase.HasMain)
            Follow(MeanStyle(state), buffer.MeanStyle(sum).Times(scale), 1 - options.MeanStyleDecay);
        if (trainsGenerator && phase.HasRegularisation)
            Follow(state.PathLengthMean, buffer.Statistic(sum, PhaseStatistic.PathLength).Times(scale), options.Losses.PathDecay);
        if (options.Losses.Augmentation?.Adaptive is not null && !trainsGenerator) // both of D's phases see real images
            state.SawRealSigns(buffer.Statistic(sum, PhaseStatistic.RealSigns).to(ScalarType.Float64).Times(scale * batch), batch);
        statistics.Add(phase.Kind, buffer.Statistics(sum).Times(scale), nonFinite, buffer.Gradient(sum), scale);
    }

    private void FinishIteration(TrajectoryState state, StepStatistics statistics)
    {
        using var scope = NewDisposeScope();
        using var _ = no_grad();
        var layout = state.Model.GeneratorLayout;
        int batch = At(state).Batch;
        double beta = EmaSchedule.Beta(batch, new ImageCount(state.ImageCount), options.EmaKimg, options.EmaRampup);
        FlatOptimizer.Ema(state.GeneratorAverage.narrow(0, 0, layout.ParameterLength), state.Generator.narrow(0, 0, layout.ParameterLength), beta);
        long buffers = layout.Length - layout.ParameterLength;
        state.GeneratorAverage.narrow(0, layout.ParameterLength, buffers).copy_(state.Generator.narrow(0, layout.ParameterLength, buffers));
        state.PhasesDone = 0;
        state.Iteration++;
        int level = state.Stage.Level;
        state.ImageCount += batch;
        if (state.Stage.Level != level)
        {
            // Moments of layers that had no part so far would make their first steps far too long; the published trainer forgets all of them.
            state.GeneratorMoments.Forget();
            state.DiscriminatorMoments.Forget();
        }
        if (options.Losses.Augmentation?.Adaptive is { } adaptive && adaptive.IsDue(state.Iteration))
            state.Augmentation = adaptive.Step(state.Augmentation, batch);
        statistics.AugmentationP = options.Losses.Augmentation?.Probability(state.PhaseStart.AugmentationP) ?? 0;
    }

    /// <summary>What holds for the minibatch that begins with the state's next image.</summary>
    private (int Batch, AdamHyper Generator, AdamHyper Discriminator) At(TrajectoryState state) =>
        options.Growing?.At(state.Stage.Level) ?? (options.Batch, options.GeneratorAdam, options.DiscriminatorAdam);

    private static Tensor MeanStyle(TrajectoryState state)
    {
        var entry = state.Model.GeneratorLayout[Generator.MeanStyleName];
        return state.Generator.narrow(0, entry.Offset, entry.Count);
    }

    /// <summary>Moves a running mean. A NaN or an infinity would stay in it for good, so the elements that are not finite do not move it.</summary>
    private static void Follow(Tensor mean, Tensor value, double rate) => mean.Accumulate(where(value.isfinite(), (value - mean).Times(rate), zeros_like(value)));
}

/// <summary>What a training step needs of a run's spec.</summary>
/// <param name="Batch">Real images an iteration.</param>
/// <param name="Phases">The run's phases, in order.</param>
/// <param name="Losses">The losses' weights.</param>
/// <param name="GeneratorAdam">Adam for G, as lazy regularisation adjusts it.</param>
/// <param name="DiscriminatorAdam">Adam for D, as lazy regularisation adjusts it.</param>
/// <param name="EmaKimg">Half-life of G_ema, in thousands of images.</param>
/// <param name="EmaRampup">Bounds the half-life to this share of the images shown so far; null for no bound.</param>
/// <param name="MeanStyleDecay">The mean of w moves by 1 − this towards each batch's mean.</param>
public sealed record StepOptions(
    int Batch, IReadOnlyList<Phase> Phases, LossOptions Losses, AdamHyper GeneratorAdam, AdamHyper DiscriminatorAdam, double EmaKimg, double? EmaRampup,
    double MeanStyleDecay = 0.995)
{
    /// <summary>What a growing network has otherwise at some levels; null for one that does not grow.</summary>
    public GrowingSteps? Growing { get; init; }
}

/// <summary>Minibatch and learning rates of a growing network.</summary>
/// <param name="At">Of a level: images an iteration, and Adam for G and D.</param>
public sealed record GrowingSteps(Func<int, (int Batch, AdamHyper Generator, AdamHyper Discriminator)> At);

/// <summary>The losses' weights.</summary>
/// <param name="Gamma">Weight γ of R1; the penalty is γ/2·‖∇D‖² (Mescheder et al. 2018).</param>
/// <param name="PathWeight">Weight of path-length regularisation (Karras et al. 2020 §3.2).</param>
/// <param name="PathDecay">How fast the mean path length follows.</param>
/// <param name="PathBatchShrink">Path lengths are taken over the shard's images divided by this.</param>
/// <param name="Augmentation">What is done to images in front of the discriminator; null for nothing.</param>
public sealed record LossOptions(double Gamma, double PathWeight = 2, double PathDecay = 0.01, int PathBatchShrink = 2, AugmentationOptions? Augmentation = null);

/// <summary>What a phase takes of the state besides the networks, as it was when the phase began.</summary>
/// <param name="PathLengthMean">[1] the mean path length.</param>
/// <param name="AugmentationP">Probability of augmentations, where it is adapted.</param>
/// <param name="Stage">What of the networks is in use.</param>
public readonly record struct PhaseStart(Tensor PathLengthMean, double AugmentationP, NetworkStage Stage);
