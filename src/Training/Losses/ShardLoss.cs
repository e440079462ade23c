using Atelier.Core.Schedules;
using Atelier.Training.Augmentation;
using Atelier.Training.Networks;
using Atelier.Training.Randomness;
using Atelier.Training.Step;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

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
        var labels = draws.Labels(count);
        var styles = Styles(lane.TrainedGenerator, draws, count, count, labels, report);
        var image = lane.TrainedGenerator.Synthesize(styles, draws.Noise);
        var logits = lane.FixedDiscriminator.Forward(Augment(image, draws, start, AugmentedImages.Generated), labels);
        var loss = F.softplus(-logits);
        report.Scores(PhaseStatistic.FakeScores, PhaseStatistic.FakeSigns, logits);
        report.Write(PhaseStatistic.GeneratorLoss, loss);
        Backward(loss.mean() * phase.Gain, lane.GeneratorLeaves);
    }

    /// <summary>
    /// Path-length regularisation, E(‖Jᵀy‖ − a)² (Karras et al. 2020, equation 4), over the shard's first latents.
    /// The shard compares with the mean as its own lengths would move it, with a gradient through that mean.
    /// </summary>
    private void PathLength(Phase phase, Replica lane, int shardCount, IShardDraws draws, Tensor pathLengthMean, ShardReport report)
    {
        int count = Math.Max(1, shardCount / options.PathBatchShrink);
        var labels = draws.Labels(shardCount)?.narrow(0, 0, count);
        var styles = Styles(lane.TrainedGenerator, draws, shardCount, count, labels, report);
        var image = lane.TrainedGenerator.Synthesize(styles, draws.Noise);
        long height = image.shape[2], width = image.shape[3];
        var noise = draws.PathNoise(image.shape) * (1 / Math.Sqrt(height * width));
        var gradient = autograd.grad([(image * noise).sum()], [styles], retain_graph: true, create_graph: true)[0]; // [n,S,W]
        var lengths = gradient.square().sum(2).mean([1L]).sqrt(); // [n]
        var mean = pathLengthMean + ((lengths.mean() - pathLengthMean) * options.PathDecay);
        var penalty = (lengths - mean).square();
        report.Write(PhaseStatistic.PathLength, lengths);
        report.Write(PhaseStatistic.PathPenalty, penalty);
        Backward((penalty * options.PathWeight).mean() * phase.Gain, lane.GeneratorLeaves);
    }

    /// <summary>Logistic loss: softplus(D(G(z))) + softplus(−D(x)); each side its own pass, as the minibatch deviation demands.</summary>
    private void DiscriminatorMain(Phase phase, Replica lane, RealShard shard, IShardDraws draws, PhaseStart start, ShardReport report)
    {
        var labels = draws.Labels(shard.Count);
        Tensor fake;
        using (no_grad())
        {
            var styles = Styles(lane.FixedGenerator, draws, shard.Count, shard.Count, labels, report);
            fake = lane.FixedGenerator.Synthesize(styles, draws.Noise);
        }
        var fakeLogits = lane.TrainedDiscriminator.Forward(Augment(fake, draws, start, AugmentedImages.Generated), labels);
        var fakeLoss = F.softplus(fakeLogits);
        report.Scores(PhaseStatistic.FakeScores, PhaseStatistic.FakeSigns, fakeLogits);
        Backward(fakeLoss.mean() * phase.Gain, lane.DiscriminatorLeaves);

        var (real, realLabels) = shard.Load();
        var realLogits = lane.TrainedDiscriminator.Forward(Augment(real, draws, start, AugmentedImages.Real), realLabels);
        var realLoss = F.softplus(-realLogits);
        report.Scores(PhaseStatistic.RealScores, PhaseStatistic.RealSigns, realLogits);
        report.Write(PhaseStatistic.DiscriminatorLoss, fakeLoss.detach() + realLoss.detach());
        Backward(realLoss.mean() * phase.Gain, lane.DiscriminatorLeaves);
    }

    /// <summary>R1: γ/2·E‖∇D(x)‖² at real images (Mescheder et al. 2018); through their augmentation, as published.</summary>
    private void GradientPenalty(Phase phase, Replica lane, RealShard shard, IShardDraws draws, PhaseStart start, ShardReport report)
    {
        var (real, labels) = shard.Load();
        var images = real.detach().requires_grad_();
        var logits = lane.TrainedDiscriminator.Forward(Augment(images, draws, start, AugmentedImages.Real), labels);
        var gradient = autograd.grad([logits.sum()], [images], retain_graph: true, create_graph: true)[0]; // [n,3,H,W]
        var penalty = gradient.square().sum([1L, 2L, 3L]); // [n]
        report.Scores(PhaseStatistic.RealScores, PhaseStatistic.RealSigns, logits);
        report.Write(PhaseStatistic.GradientPenalty, penalty);
        Backward((penalty * (options.Gamma / 2)).mean() * phase.Gain, lane.DiscriminatorLeaves);
    }

    /// <summary>What the discriminator sees of images: augmented ones, where the run augments (Karras et al. 2020, ADA, figure 2).</summary>
    private Tensor Augment(Tensor images, IShardDraws draws, PhaseStart start, AugmentedImages kind) => options.Augmentation is { } augmentation
        ? Augmenter.Apply(images, augmentation.Transforms, augmentation.Probability(start.Augmentation), draws.Augmentation, kind)
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
        if (draws.MixingCutoff((int)all) is not { } cutoff)
            return styles;
        var second = generator.Broadcast(generator.Map(draws.SecondLatents(drawn).narrow(0, 0, count), labels));
        return cat([styles.narrow(1, 0, cutoff), second.narrow(1, cutoff, all - cutoff)], 1);
    }

    private static void Backward(Tensor loss, IReadOnlyList<Tensor> leaves) =>
        loss.backward(grad_tensors: null, retain_graph: false, create_graph: false, inputs: [.. leaves]);
}
