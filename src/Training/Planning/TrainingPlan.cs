using Atelier.Core;
using Atelier.Core.Schedules;
using Atelier.Core.Specs;
using Atelier.Training.Step;

namespace Atelier.Training.Planning;

/// <summary>How fast a device computes training steps in float32, and what fits into it.</summary>
/// <param name="Name">As people name it.</param>
/// <param name="FlopsPerSecond">Rate of convolutions and matrix products, as <see cref="PassCost.Flops"/> counts them.</param>
/// <param name="BytesPerSecond">Rate of everything else, as <see cref="PassCost.ActivationBytes"/> counts it.</param>
/// <param name="MemoryBytes">Its memory; null where it is the machine's.</param>
/// <param name="Lanes">Shards that it computes at once.</param>
public sealed record DeviceProfile(string Name, double FlopsPerSecond, double BytesPerSecond, double? MemoryBytes, int Lanes = 1)
{
    // A V100: fitted to the three rows for one GPU of the table of training times that StyleGAN2 was published with, which it meets
    // within 10%. The rate is above the device's peak because a Winograd convolution needs fewer operations than are counted.
    private const double ReferenceFlops = 18e12, ReferenceBytes = 112e9, ReferencePeakFlops = 15.7e12, ReferencePeakBytes = 900e9;

    /// <summary>Devices with their makers' numbers: float32 operations and memory bandwidth per second, and memory.</summary>
    public static IReadOnlyList<DeviceProfile> All { get; } =
    [
        Of("v100", 15.7, 900, 16), Of("t4", 8.1, 320, 16), Of("l4", 30.3, 300, 24), Of("rtx3090", 35.6, 936, 24), Of("rtx4090", 82.6, 1008, 24),
        Of("a100", 19.5, 2039, 80), Of("h100", 66.9, 3350, 80), Of("h200", 66.9, 4800, 141),
    ];

    /// <summary>The device of a name.</summary>
    /// <exception cref="UserErrorException">There is none; the message lists them.</exception>
    public static DeviceProfile Named(string name) => All.FirstOrDefault(device => device.Name == name)
        ?? throw new UserErrorException($"--device {name}: unknown device.{NearestName.Hint(name, All.Select(device => device.Name))} Known devices: {string.Join(", ", All.Select(device => device.Name))}; cpu measures this machine");

    /// <summary>A device that was measured: as many times as fast as the reference as it was at a step.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="step">What an image of the measured step costs.</param>
    /// <param name="imagesPerSecond">What was measured.</param>
    /// <param name="lanes">Shards at once.</param>
    public static DeviceProfile Measured(string name, PassCost step, double imagesPerSecond, int lanes)
    {
        double times = imagesPerSecond * Named("v100").SecondsFor(step);
        return new DeviceProfile(name, times * ReferenceFlops, times * ReferenceBytes, null, lanes);
    }

    /// <summary>Seconds of some work.</summary>
    public double SecondsFor(PassCost work) => (work.Flops / FlopsPerSecond) + (work.ActivationBytes / BytesPerSecond);

    private static DeviceProfile Of(string name, double teraflops, double gigabytes, double memory) =>
        new(name, ReferenceFlops * teraflops * 1e12 / ReferencePeakFlops, ReferenceBytes * gigabytes * 1e9 / ReferencePeakBytes, memory * 1e9);
}

/// <summary>What a run will take, by a model: see <see cref="Assumptions"/>.</summary>
public sealed record TrainingPlan
{
    /// <summary>What the framework, its libraries and their workspaces take on a GPU: what the published table's numbers have above the features and the state.</summary>
    private const double FrameworkBytes = 2.4e9;

    private TrainingPlan()
    {
    }

    /// <summary>The iterations of the whole run.</summary>
    public required long Iterations { get; init; }

    /// <summary>Operations per image of an average iteration.</summary>
    public required double FlopsPerImage { get; init; }

    /// <summary>Training's images per second, over all devices.</summary>
    public required double ImagesPerSecond { get; init; }

    /// <summary>The whole run, evaluations not counted.</summary>
    public required TimeSpan Time { get; init; }

    /// <summary>Memory of each device at its fullest.</summary>
    public required double MemoryBytes { get; init; }

    /// <summary>Size of one snapshot: networks, their average, and the optimiser's moments.</summary>
    public required double SnapshotBytes { get; init; }

    /// <summary>Snapshots that are there at once, at most.</summary>
    public required int Snapshots { get; init; }

    /// <summary>What each device sends per average iteration.</summary>
    public required double SentBytes { get; init; }

    /// <summary>How long that takes on the link.</summary>
    public required double SentSeconds { get; init; }

    /// <summary>Hours of all devices together.</summary>
    public double DeviceHours { get; private init; }

    /// <summary>What the numbers rest on, a sentence each.</summary>
    public required IReadOnlyList<string> Assumptions { get; init; }

    /// <summary>Plans a run.</summary>
    /// <param name="spec">The resolved spec.</param>
    /// <param name="device">Every device.</param>
    /// <param name="devices">How many.</param>
    /// <param name="linkBytesPerSecond">What each device can send to the others per second.</param>
    /// <exception cref="UserErrorException">There are more devices than shards.</exception>
    public static TrainingPlan Of(RunSpec spec, DeviceProfile device, int devices, double linkBytesPerSecond)
    {
        ArgumentNullException.ThrowIfNull(spec);
        ArgumentNullException.ThrowIfNull(device);
        if (devices > spec.Shards)
            throw new UserErrorException($"--gpus {devices}: a minibatch of {spec.Batch} has only {Counted.Of(spec.Shards, "shard")}, and every device needs at least one; use fewer devices or a smaller shard");
        var model = spec.ToModel();
        var cost = new StepCost(model.Generator, model.Discriminator);
        var step = cost.Of(spec.Phases, spec.Batch, spec.PlBatchShrink);
        // The device with the most shards is waited for.
        double busiest = Math.Ceiling((double)spec.Shards / devices) * devices / spec.Shards;
        double sent = devices == 1 ? 0 : spec.Phases.Sum(phase => 2.0 * (devices - 1) / devices * sizeof(float) / phase.Interval
            * (phase.Network == TrainedNetwork.Generator ? model.GeneratorBuffer.Length : model.DiscriminatorBuffer.Length));
        double seconds = (device.SecondsFor(step) * busiest / devices) + (sent / linkBytesPerSecond);
        double generator = model.GeneratorLayout.Length, discriminator = model.DiscriminatorLayout.Length;
        double state = sizeof(float) * ((2 * generator) + discriminator + (2 * model.GeneratorLayout.ParameterLength) + (2 * model.DiscriminatorLayout.ParameterLength));
        double gradients = sizeof(float) * (model.GeneratorBuffer.Length + model.DiscriminatorBuffer.Length);
        double features = spec.Shard * Math.Min(device.Lanes, spec.Shards) * (cost.Generator.ActivationBytes + cost.Discriminator.ActivationBytes);
        long images = (long)(spec.Kimg * 1000);
        var iterations = (long)Math.Ceiling((double)images / spec.Batch);
        var time = TimeSpan.FromSeconds(iterations * seconds);
        return new TrainingPlan
        {
            Iterations = iterations,
            FlopsPerImage = step.Flops / spec.Batch,
            ImagesPerSecond = spec.Batch / seconds,
            Time = time,
            DeviceHours = time.TotalHours * devices,
            MemoryBytes = state + gradients + features + (device.MemoryBytes is null ? 0 : FrameworkBytes),
            SnapshotBytes = state,
            Snapshots = 1 + spec.KeepLast + (spec.Metrics.Count > 0 ? spec.KeepBest : 0) + (spec.KeepEvery is { } every ? (int)(spec.Kimg / every) : 0),
            SentBytes = sent,
            SentSeconds = sent / linkBytesPerSecond,
            Assumptions = [.. AssumptionsOf(spec, device, devices, linkBytesPerSecond)],
        };
    }

    private static IEnumerable<string> AssumptionsOf(RunSpec spec, DeviceProfile device, int devices, double link)
    {
        yield return device.MemoryBytes is null
            ? $"{device.Name} was measured just now, on small images with the recipe's channels; other sizes are assumed to cost in proportion"
            : "float32 throughout; speeds are scaled by the vendor's figures from a V100, as published for StyleGAN2 (its training times are matched within 10%). Atelier itself has not been timed on a GPU yet";
        if (devices > 1)
            yield return $"gradients are sent after each phase, without overlapping computation, at {link / 1e9:0.#} GB/s; all devices are equally fast";
        yield return "evaluations, pictures and reading images are not included; the published trainers put evaluations at up to 5% of the time";
        yield return "memory covers the features of the shards computed in parallel, the state and the gradients" + (device.MemoryBytes is null ? "" : ", and 2.4 GB for the framework");
        if (spec.Growing)
            yield return "the network grows, but is counted at full size from the start, so this is an overestimate";
    }
}
