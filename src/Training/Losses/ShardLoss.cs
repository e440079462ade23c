using Atelier.Core.Schedules;
using Atelier.Training.Augmentation;
using Atelier.Training.Interop;
using Atelier.Training.Networks;
using Atelier.Training.Ops;
using Atelier.Training.Randomness;
using Atelier.Training.Step;
using static TorchSharp.torch;

namespace Atelier.Training.Losses;

/// <summary>
/// The four phases of an iteration, for one shard: each leaves the gradient of its loss and its statistics in the
/// lane's buffer. docs/algorithm.md maps the equations to the members.
/// </summary>
/// <param name="model">The networks' shapes.</param>
/// <param name="options">The losses' weights, and how images are augmented.</param>
internal sealed class ShardLoss(ModelConfig model, LossOptions options)
{
    /// <summary>Computes one phase of one shard.</summary>
    /// <param name="phase">Which loss, and the gain of lazy regularisation.</param>
    /// <param name="lane">The networks; its buffer of the phase's network is overwritten.</param>
    /// <param name="shard">The shard's real images and labels.</param>
    /// <param name="draws">The shard's random draws.</param>
    /// <param name="start">What else the phase takes of the state.</param>
    /// <returns>The lane's buffer, laid out as <see cref="PhaseBuffer"/> says.</returns>
    public Tensor Compute(Phase phase, Replica lane, RealShard shard, IShardDraws draws, PhaseStart start)
    {
        using var scope = NewDisposeScope();
        lane.Use(start.Stage);
        var trainsGenerator = phase.Network == TrainedNetwork.Generator;
        var buffer = trainsGenerator ? lane.GeneratorBuffer : lane.DiscriminatorBuffer;
        buffer.zero_();
        var report = new ShardReport(trainsGenerator ? model.GeneratorBuffer : model.DiscriminatorBuffer, buffer);
        switch (phase.Kind)
        {
            // Regularisation first, so that where both run in one phase the mean of w is that of the main pass.
            case PhaseKind.Gmain or PhaseKind.Greg or PhaseKind.Gboth:
                if (phase.HasRegularisation)
                    PathLength(phase, lane, shard.Count, draws, start.PathLengthMean, report);
                if (phase.HasMain)
                    GeneratorMain(phase, lane, shard.Count, draws, start, report);
                break;
            case PhaseKind.Dmain or PhaseKind.Dreg or PhaseKind.Dboth:
                if (phase.HasRegularisation)
                    GradientPenalty(phase, lane, shard, draws, start, report);
                if (phase.HasMain)
                    DiscriminatorMain(phase, lane, shard, draws, start, report);
                break;
            default:
                throw new InvalidOperationException($"unknown phase {phase.Kind}");
        }
        return buffer;
    }

    /// <summary>Non-saturating logistic loss: softplus(−D(G(z))) (Goodfellow et al. 2014).</summary>
    private void GeneratorMain(Phase phase, Replica lane, int count, IShardDraws draws, PhaseStart start, ShardReport report)
    {
        using var pass = new DifferentiationScope();
        var labels = draws.Labels(count);
        var styles = Styles(lane.TrainedGenerator, draws, count, count, labels, report);
        var image = lane.TrainedGenerator.SynthesizeLevel(styles, draws.Noise);
        var logits = lane.FixedDiscriminator.Forward(Augment(image, draws, start, AugmentedImages.Generated), labels);
        var loss = (-logits).Softplus();
        report.Scores(PhaseStatistic.FakeScores, PhaseStatistic.FakeSigns, logits);
        report.Write(PhaseStatistic.GeneratorLoss, loss);
        pass.Backward(loss.mean().Times(phase.Gain), lane.GeneratorLeaves);
    }

    /// <summary>
    /// Path-length regularisation, E(‖Jᵀy‖ − a)² (Karras et al. 2020, equation 4), over the shard's first latents.
    /// The shard compares with the mean as its own lengths would move it, with a gradient through that mean.
    /// </summary>
    private void PathLength(Phase phase, Replica lane, int shardCount, IShardDraws draws, Tensor pathLengthMean, ShardReport report)
    {
        using var pass = new DifferentiationScope();
        int count = Math.Max(1, shardCount / options.PathBatchShrink);
        var labels = draws.Labels(shardCount)?.narrow(0, 0, count);
        var styles = Styles(lane.TrainedGenerator, draws, shardCount, count, labels, report);
        var image = lane.TrainedGenerator.SynthesizeLevel(styles, draws.Noise);
        long height = image.shape[2], width = image.shape[3];
        var noise = draws.PathNoise(image.shape).Times(1 / Math.Sqrt(height * width));
        var gradient = pass.InputGradient((image * noise).sum(), styles); // [n,S,W]
        var lengths = gradient.Squared().sum(2).mean([1L]).SquareRoot(); // [n]
        var mean = pathLengthMean.Plus((lengths.mean() - pathLengthMean).Times(options.PathDecay));
        var penalty = (lengths - mean).Squared();
        report.Write(PhaseStatistic.PathLength, lengths);
        report.Write(PhaseStatistic.PathPenalty, penalty);
        pass.Backward(penalty.Times(options.PathWeight).mean().Times(phase.Gain), lane.GeneratorLeaves);
    }

    /// <summary>Logistic loss: softplus(D(G(z))) + softplus(−D(x)); each side its own pass, as the minibatch deviation demands.</summary>
    private void DiscriminatorMain(Phase phase, Replica lane, RealShard shard, IShardDraws draws, PhaseStart start, ShardReport report)
    {
        // One half after the other: the first one's activations are freed before the second one's are computed.
        var labels = draws.Labels(shard.Count);
        var fakeLoss = Half(FakeImages(), labels, AugmentedImages.Generated, PhaseStatistic.FakeScores, PhaseStatistic.FakeSigns, sign: 1);
        var (real, realLabels) = Load(shard, start);
        var realLoss = Half(real, realLabels, AugmentedImages.Real, PhaseStatistic.RealScores, PhaseStatistic.RealSigns, sign: -1);
        report.Write(PhaseStatistic.DiscriminatorLoss, fakeLoss.Plus(realLoss));

        Tensor FakeImages()
        {
            using var inner = NewDisposeScope();
            using var _ = no_grad();
            var styles = Styles(lane.FixedGenerator, draws, shard.Count, shard.Count, labels, report);
            return lane.FixedGenerator.SynthesizeLevel(styles, draws.Noise).MoveToOuterDisposeScope();
        }

        Tensor Half(Tensor images, Tensor? theirLabels, AugmentedImages kind, PhaseStatistic scores, PhaseStatistic signs, int sign)
        {
            using var inner = NewDisposeScope();
            using var pass = new DifferentiationScope();
            var logits = lane.TrainedDiscriminator.Forward(Augment(images, draws, start, kind), theirLabels);
            var loss = logits.Times(sign).Softplus();
            report.Scores(scores, signs, logits);
            pass.Backward(loss.mean().Times(phase.Gain), lane.DiscriminatorLeaves);
            return loss.detach().MoveToOuterDisposeScope();
        }
    }

    /// <summary>R1: γ/2·E‖∇D(x)‖² at real images (Mescheder et al. 2018); through their augmentation, as published.</summary>
    private void GradientPenalty(Phase phase, Replica lane, RealShard shard, IShardDraws draws, PhaseStart start, ShardReport report)
    {
        using var pass = new DifferentiationScope();
        var (real, labels) = Load(shard, start);
        var images = real.detach().requires_grad_();
        var logits = lane.TrainedDiscriminator.Forward(Augment(images, draws, start, AugmentedImages.Real), labels);
        var gradient = pass.InputGradient(logits.sum(), images); // [n,3,H,W]
        var penalty = gradient.Squared().sum([1L, 2L, 3L]); // [n]
        report.Scores(PhaseStatistic.RealScores, PhaseStatistic.RealSigns, logits);
        report.Write(PhaseStatistic.GradientPenalty, penalty);
        pass.Backward(penalty.Times(options.Gamma / 2).mean().Times(phase.Gain), lane.DiscriminatorLeaves);
    }

    /// <summary>The shard's real images as the stage shows them.</summary>
    private (Tensor Images, Tensor? Labels) Load(RealShard shard, PhaseStart start)
    {
        var (images, labels) = shard.Load();
        return (ImageLevels.AtStage(images, model.Generator.Shape.Doublings, start.Stage), labels);
    }

    /// <summary>What the discriminator sees of images: augmented ones, where the run augments (Karras et al. 2020, ADA, figure 2).</summary>
    private Tensor Augment(Tensor images, IShardDraws draws, PhaseStart start, AugmentedImages kind) => options.Augmentation is { } augmentation
        ? Augmenter.Apply(images, augmentation.Transforms, augmentation.Probability(start.AugmentationP), draws.Augmentation, kind)
        : images;

    /// <summary>
    /// Styles of the shard's first <paramref name="count"/> of <paramref name="drawn"/> latents, mixed with second ones
    /// from the cut-off on (Karras et al. 2019 §3.1).
    /// </summary>
    private static Tensor Styles(Generator generator, IShardDraws draws, int drawn, int count, Tensor? labels, ShardReport report)
    {
        var w = generator.Map(draws.Latents(drawn).narrow(0, 0, count), labels);
        report.MeanStyle(w);
        var styles = generator.Broadcast(w);
        long all = styles.shape[1];
        if (draws.MixingCutoff(generator.StylesInUse) is not { } cutoff)
            return styles;
        var second = generator.Broadcast(generator.Map(draws.SecondLatents(drawn).narrow(0, 0, count), labels));
        return cat([styles.narrow(1, 0, cutoff), second.narrow(1, cutoff, all - cutoff)], 1);
    }
}

/// <summary>Writes what a phase reports of a shard into the tail of its buffer.</summary>
internal readonly struct ShardReport(PhaseBuffer layout, Tensor buffer)
{
    /// <summary>Stores the mean of <paramref name="values"/>.</summary>
    public void Write(PhaseStatistic statistic, Tensor values)
    {
        using var _ = no_grad();
        layout.Statistic(buffer, statistic).copy_(values.detach().mean());
    }

    /// <summary>Stores logits and their signs.</summary>
    public void Scores(PhaseStatistic scores, PhaseStatistic signs, Tensor logits)
    {
        Write(scores, logits);
        Write(signs, logits.detach().sign());
    }

    /// <summary>Stores the mean of w, [N, styleSize].</summary>
    public void MeanStyle(Tensor w)
    {
        using var _ = no_grad();
        layout.MeanStyle(buffer).copy_(w.detach().mean([0L]));
    }
}
