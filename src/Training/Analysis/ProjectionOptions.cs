using System.Globalization;
using Atelier.Core;
using Atelier.Core.Schedules;

namespace Atelier.Training.Analysis;

/// <summary>The space that a projection searches.</summary>
public enum StyleSpace
{
    /// <summary>One w for all layers (Karras et al. 2020, §5).</summary>
    W,

    /// <summary>A w for every layer (Abdal et al. 2019): closer images, less like the generator's own.</summary>
    WPlus,
}

/// <summary>How images are projected: Karras et al. 2020, §5 and appendix D, whose numbers are the defaults.</summary>
public sealed record ProjectionOptions
{
    private static readonly AdamHyper Adam = new(0.1, 0.9, 0.999, 1e-8);

    /// <summary>Steps of the optimiser.</summary>
    public int Steps { get; init; } = 1000;

    /// <summary>Its learning rate between the ramps.</summary>
    public double LearningRate { get; init; } = Adam.LearningRate;

    /// <summary>Share of the steps in which the learning rate rises linearly from 0.</summary>
    public double RampUp { get; init; } = 0.05;

    /// <summary>Share of the steps in which it falls to 0 along a half cosine.</summary>
    public double RampDown { get; init; } = 0.25;

    /// <summary>Noise added to w in the first step, in standard deviations of w.</summary>
    public double InitialNoise { get; init; } = 0.05;

    /// <summary>Share of the steps after which no noise is added to w any more.</summary>
    public double NoiseRamp { get; init; } = 0.75;

    /// <summary>Weight of the noise maps' regularisation.</summary>
    public double NoiseWeight { get; init; } = 1e5;

    /// <summary>Samples from which the mean and the deviation of w are taken.</summary>
    public int StyleSamples { get; init; } = 10_000;

    /// <summary>The space that is searched.</summary>
    public StyleSpace Space { get; init; }

    /// <summary>Seed of every draw.</summary>
    public ulong Seed { get; init; }

    /// <summary>Frames of the path to keep for a video, at equal intervals and with the last step; 0 for none.</summary>
    public int Frames { get; init; }

    /// <summary>Adam in step <paramref name="step"/>, from 0.</summary>
    public AdamHyper AdamAt(int step)
    {
        double t = step / (double)Steps;
        double down = Math.Min(1, (1 - t) / RampDown);
        double ramp = (0.5 - (0.5 * Math.Cos(down * Math.PI))) * (RampUp > 0 ? Math.Min(1, t / RampUp) : 1);
        return Adam with { LearningRate = LearningRate * ramp };
    }

    /// <summary>Noise added to w in step <paramref name="step"/>, from 0, in standard deviations of w.</summary>
    public double StyleNoiseAt(int step)
    {
        double left = Math.Max(0, 1 - (step / (double)Steps / NoiseRamp));
        return InitialNoise * left * left;
    }

    /// <summary>Whether w after <paramref name="done"/> steps is a frame.</summary>
    public bool IsFrame(int done)
    {
        if (Frames == 0)
            return false;
        int frames = Math.Min(Frames, Steps);
        return (long)done * frames / Steps != (long)(done - 1) * frames / Steps;
    }

    /// <exception cref="UserErrorException">A number is out of its range.</exception>
    public void Validate()
    {
        static void Require(bool holds, string message)
        {
            if (!holds)
                throw new UserErrorException(message);
        }
        Require(Steps is >= 1 and <= 1_000_000, $"{Steps} steps: must be from 1 to 1,000,000");
        Require(LearningRate > 0 && double.IsFinite(LearningRate), $"a learning rate of {LearningRate} has no effect: it must be above 0");
        Require(RampUp is >= 0 and <= 1 && RampDown is > 0 and <= 1, $"ramps of {RampUp} and {RampDown}: both are fractions of the steps, from 0 to 1, and the second must be above 0");
        Require(InitialNoise >= 0 && NoiseRamp is > 0 and <= 1, $"initial noise of {InitialNoise} over {NoiseRamp} of the steps: the noise must be 0 or more, and the fraction above 0 and at most 1");
        Require(NoiseWeight >= 0, $"a noise weight of {NoiseWeight}: must be 0 or more");
        Require(StyleSamples is >= 2 and <= 10_000_000, $"{StyleSamples} samples of w: must be from 2 to 10,000,000");
        Require(Frames is >= 0 and not 1, "a video needs at least 2 frames: leave out --video, or pass more frames");
    }

    /// <summary>All that decides a result besides network, perceptual net and image, as text.</summary>
    public string Identity => string.Create(
        CultureInfo.InvariantCulture,
        $"{Space} steps {Steps} lr {LearningRate} ramps {RampUp} {RampDown} noise {InitialNoise} {NoiseRamp} weight {NoiseWeight} samples {StyleSamples} seed {Seed} frames {Frames}");
}
