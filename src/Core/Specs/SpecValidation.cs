using Atelier.Core.Metrics;

namespace Atelier.Core.Specs;

/// <summary>What must hold between the keys of a spec. The keys' own ranges stand in <see cref="SpecKeys"/>.</summary>
public static class SpecValidation
{
    /// <exception cref="UserErrorException">Some values do not fit together; the message names every such pair, with both values.</exception>
    public static void Require(RunSpec spec)
    {
        var problems = Problems(spec).ToList();
        if (problems.Count > 0) throw new UserErrorException(string.Join(Environment.NewLine, problems));
    }

    /// <summary>What does not fit, one sentence per problem.</summary>
    public static IEnumerable<string> Problems(RunSpec spec)
    {
        ArgumentNullException.ThrowIfNull(spec);
        if (ResolutionProblem(spec.Resolution) is { } problem)
        {
            yield return problem;
        }
        else
        {
            if (spec.ChannelBase < spec.Resolution.LongSide)
                yield return $"channel-base {spec.ChannelBase} leaves no channels at resolution {spec.Resolution}; set channel-base to {spec.Resolution.LongSide} or more.";
            else if (spec.MbstdChannels > 0 && spec.Channels(spec.Resolution.BaseSide) is var channels && channels % spec.MbstdChannels != 0)
                yield return $"mbstd-channels {spec.MbstdChannels} does not divide the {channels} channels at {spec.Resolution.BaseHeight}x{spec.Resolution.BaseWidth}, min(channel-base / {spec.Resolution.BaseSide}, channel-max); set mbstd-channels to one of {Divisors(channels)}, or to 0.";
            if (spec.FreezeD > spec.FreezableLayers)
                yield return $"freeze-d {spec.FreezeD} is too many: this discriminator has {spec.FreezableLayers} layers before its last block; set freeze-d to {spec.FreezableLayers} or less.";
        }

        if (spec.Batch % spec.Shard != 0)
            yield return $"shard {spec.Shard} does not divide batch {spec.Batch}; set shard to one of {Divisors(spec.Batch)}.";
        if (spec.MbstdChannels > 0 && spec.Shard % spec.MbstdGroup != 0)
            yield return $"shard {spec.Shard} is not a multiple of mbstd-group {spec.MbstdGroup}; set mbstd-group to one of {Divisors(spec.Shard)}.";
        if (spec.PlWeight > 0 && spec.Shard < spec.PlBatchShrink)
            yield return $"shard {spec.Shard} with pl-batch-shrink {spec.PlBatchShrink} leaves no latents for path lengths; set shard to {spec.PlBatchShrink} or more, pl-batch-shrink to {spec.Shard}, or pl-weight to 0.";
        if (spec.Explosion < 1)
            yield return $"explosion {spec.Explosion} would call a better value an explosion; set explosion to 1 or more.";
        if (spec.Rollbacks > 0 && spec.KeepBest == 0)
            yield return "rollbacks return to good snapshots, but keep-best 0 keeps none; set keep-best to 1 or more.";
        foreach (var misfit in StageProblems(spec).Concat(PrecisionProblems(spec)))
            yield return misfit;
        foreach (var unknown in spec.Metrics.Where(name => !MetricCatalog.Has(name)))
            yield return $"metrics: {MetricCatalog.Missing(unknown)}";
        if (spec.Aug == AugmentationMode.Fixed != spec.AugP > 0)
        {
            yield return spec.Aug == AugmentationMode.Fixed
                ? "aug fixed with aug-p 0 has no effect; set aug-p to a probability above 0, or aug to none."
                : $"aug-p {SpecKeys.Find("aug-p").Format(spec)} works only with aug fixed, but aug is {SpecKeys.Find("aug").Format(spec)}; set aug to fixed, or aug-p to 0.";
        }
    }

    /// <summary>What does not fit of the generators before StyleGAN2, and of networks that grow.</summary>
    private static IEnumerable<string> StageProblems(RunSpec spec)
    {
        if (spec.Normalisation != Normalisation.Demodulation && spec.GArch != NetworkArchitecture.Orig)
            yield return $"normalisation {Text(spec, "normalisation")} works only with g-arch orig, but g-arch is {Text(spec, "g-arch")}; set g-arch to orig.";
        if (!spec.Growing)
        {
            foreach (var key in new[] { "level-batch", "level-lr" }.Where(key => Text(spec, key) != SpecText.None))
                yield return $"{key} works only with growing true, but growing is false; set growing to true, or {key} to none.";
            yield break;
        }

        if (spec.GArch != NetworkArchitecture.Orig || spec.DArch != NetworkArchitecture.Orig)
            yield return $"growing works only with g-arch and d-arch orig, but g-arch is {Text(spec, "g-arch")} and d-arch is {Text(spec, "d-arch")}; set both to orig.";
        if (spec.FreezeD > 0)
            yield return $"freeze-d {spec.FreezeD} does not work with growing true; set freeze-d to 0.";
        if (!spec.Resolution.IsWorkable) yield break;
        var sides = Enumerable.Range(0, spec.Resolution.Doublings + 1).Select(level => spec.Resolution.BaseSide << level).ToList();
        if (!sides.Contains(spec.GrowingStart))
            yield return $"growing-start {spec.GrowingStart} is not a size that images of {spec.Resolution} grow through; set it to one of {string.Join(", ", sides)}.";
        foreach (var (key, values) in new[] { ("level-batch", spec.LevelBatch), ("level-lr", spec.LevelLr) })
        {
            foreach (var side in values.Sides.Where(side => (side & (side - 1)) == 0 && side < sides[^1] && !sides.Contains(side)))
                yield return $"{key} names {side}, which is not one of the sizes that images of {spec.Resolution} grow through: {string.Join(", ", sides)}.";
        }

        foreach (var side in spec.LevelBatch.Sides)
        {
            var batch = spec.LevelBatch[side]!.Value;
            if (spec.Batch % spec.Shard == 0 && (batch != Math.Floor(batch) || batch % spec.Shards != 0 || batch > 1 << 20))
                yield return $"level-batch {side}:{batch} cannot be cut into the {spec.Shards} shards of batch {spec.Batch} over shard {spec.Shard}; set it to a multiple of {spec.Shards}.";
            else if (spec.MbstdChannels > 0 && spec.Batch % spec.Shard == 0 && batch / spec.Shards % spec.MbstdGroup != 0)
                yield return $"level-batch {side}:{batch} makes shards of {batch / spec.Shards} images, not a multiple of mbstd-group {spec.MbstdGroup}; set it to a multiple of {spec.Shards * spec.MbstdGroup}.";
            else if (spec.PlWeight > 0 && spec.Batch % spec.Shard == 0 && batch / spec.Shards < spec.PlBatchShrink)
                yield return $"level-batch {side}:{batch} makes shards of {batch / spec.Shards} images, so pl-batch-shrink {spec.PlBatchShrink} leaves no latents for path lengths; set it to {spec.Shards * spec.PlBatchShrink} or more.";
        }
    }

    /// <summary>What does not fit of layers with 16 bits.</summary>
    private static IEnumerable<string> PrecisionProblems(RunSpec spec)
    {
        if (spec.Fp16Resolutions > 0 && spec.Bf16Resolutions > 0)
            yield return $"fp16-resolutions {spec.Fp16Resolutions} and bf16-resolutions {spec.Bf16Resolutions} exclude each other; set one of them to 0.";
        if (spec.Fp16Resolutions > 0 && spec.ConvClamp is null)
            yield return $"fp16-resolutions {spec.Fp16Resolutions} needs a bound on what layers give, because float16 ends at 65504; set conv-clamp to 256, as published, or use bf16-resolutions.";
        if (Math.Max(spec.Fp16Resolutions, spec.Bf16Resolutions) is var resolutions and > 0 && (spec.Growing || spec.Normalisation != Normalisation.Demodulation))
            yield return $"{(spec.Fp16Resolutions > 0 ? "fp16" : "bf16")}-resolutions {resolutions} works only with normalisation demodulation and growing false, but these are {Text(spec, "normalisation")} and {Text(spec, "growing")}.";
    }

    private static string Text(RunSpec spec, string key) => SpecKeys.Find(key).Format(spec);

    /// <summary>Why a resolution cannot work, or null if it can.</summary>
    public static string? ResolutionProblem(Resolution resolution)
    {
        if (resolution.IsAuto) return "resolution is auto, but there is no dataset to take it from; set resolution.";
        return resolution.IsWorkable
            ? null
            : $"resolution {resolution.Width}x{resolution.Height} (width x height) cannot work: a network doubles a constant of at most {Resolution.LargestBase} pixels per side at least twice, as in 256 or 512x384. Pass --set resolution={resolution.NearestPowerOfTwo()} --set resize=fit to crop and resize the images.";
    }

    private static string Divisors(int number) =>
        string.Join(", ", Enumerable.Range(1, Math.Min(number, 1024)).Where(d => number % d == 0));
}
