using Atelier.Core.Specs;
using Atelier.Worker.Runs;

namespace Atelier.TestKit;

/// <summary>Runs that take a second: 16×16 pictures, a few channels, all four phases.</summary>
public static class SmallRun
{
    /// <summary>Spec keys of a small run, as <c>--set</c> takes them.</summary>
    public static IReadOnlyList<string> Keys { get; } =
    [
        "channel-base=128", "channel-max=8", "z-dim=16", "w-dim=16", "mapping-layers=2", "batch=8", "shard=2", "mbstd-group=2",
        "g-reg-every=2", "d-reg-every=3", "gamma=1", "lr=0.002", "ema-kimg=0.1", "ema-rampup=0.5", "mirror=true",
        "tick-kimg=0.032", "snapshot-kimg=0.032", "image-kimg=1", "keep-last=100",
    ];

    /// <summary>A request for a small run.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="images">Images to show.</param>
    /// <param name="set">More spec keys, as key=value.</param>
    public static TrainRequest Request(string folder, int images, params string[] set) => new()
    {
        Out = folder,
        DataName = "test images",
        OpenData = () => TestImages.Source(20, 16),
        Recipe = Recipes.Named("config-f"),
        Overrides = [.. Keys.Concat(set).Append($"kimg={images / 1000.0}").Select(SpecAssignment.Parse)],
    };
}
