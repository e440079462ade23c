using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Cli.Output;
using Atelier.Core;
using Atelier.Core.Specs;
using Atelier.Training.Benchmarks;
using Atelier.Training.Networks;
using Atelier.Training.Numerics;
using Atelier.Training.Planning;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier plan</c>: what a run will take before it is begun.</summary>
internal static class PlanCommand
{
    private const string ThisMachine = "cpu";

    /// <summary>Images of this size or smaller are timed.</summary>
    private const int LargestTimed = 64;

    /// <summary>The timed passes take no more than this: some seconds on two cores.</summary>
    private const double MostFlops = 5e11;

    private const int TimedPasses = 2;

    public static Command Create()
    {
        var recipe = new Argument<string>("RECIPE") { Description = "name of a recipe, or a JSON file with spec keys" };
        var set = new Option<string[]>("--set") { Description = "a spec key, as key=value; repeatable", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };
        var gpus = new Option<int>("--gpus") { Description = "number of devices", DefaultValueFactory = _ => 1 };
        var device = new Option<string>("--device") { Description = $"{string.Join(", ", DeviceProfile.All.Select(known => known.Name))}; {ThisMachine} measures this machine", DefaultValueFactory = _ => ThisMachine };
        var link = new Option<double>("--link") { Description = "bandwidth from one device to the others, in GB/s", DefaultValueFactory = _ => 12.5 };
        var price = new Option<double?>("--price") { Description = "price of one device per hour, in any currency" };
        var json = new Option<bool>("--json") { Description = "print a JSON object" };
        var command = new Command("plan", "Estimate what a run takes: time, memory, disk, traffic, cost") { recipe, set, gpus, device, link, price, json };
        command.SetAction(parsed => Run(
            parsed.GetValue(recipe)!, parsed.GetValue(set) ?? [], parsed.GetValue(gpus), parsed.GetValue(device)!, parsed.GetValue(link), parsed.GetValue(price), parsed.GetValue(json)));
        return command;
    }

    private static int Run(string recipe, string[] set, int gpus, string device, double link, double? price, bool json)
    {
        if (gpus < 1) throw new UserErrorException($"--gpus {gpus}: must be at least 1");
        if (!(link > 0)) throw new UserErrorException($"--link {link.ToString(CultureInfo.InvariantCulture)}: must be above 0");
        var spec = SpecResolver.Resolve(TrainOptions.RecipeOf(recipe), [.. set.Select(SpecAssignment.Parse)], null, gpus).Spec;
        var profile = device == ThisMachine ? Measure(spec) : DeviceProfile.Named(device);
        var plan = TrainingPlan.Of(spec, profile, gpus, link * 1e9);
        if (json) Console.WriteLine(JsonOf(plan, spec, profile, gpus, price).ToJsonString());
        else foreach (var line in LinesOf(plan, spec, profile, gpus, price)) Console.WriteLine(line);
        return ExitCode.Success;
    }

    /// <summary>Times a step of a recipe's networks on this machine, at a size that takes seconds.</summary>
    private static DeviceProfile Measure(RunSpec spec)
    {
        int shard = Math.Min(4, spec.Shard), lanes = Environment.ProcessorCount;
        NumericsEnvironment.Apply(1, lanes);
        var device = ComputeDevice.Parse(ThisMachine).Open();
        StepBenchmarkOptions At(int side) => new(new ImageShape(side, side), spec.ChannelBase, spec.ChannelMax, shard * lanes, shard, lanes, TimedPasses, device);
        int side = Math.Min(LargestTimed, 1 << (int)Math.Log2(spec.Resolution.LongSide));
        while (side > 8 && At(side).Cost.Flops * shard * lanes * (TimedPasses + 1) > MostFlops) side /= 2;
        return DeviceProfile.Measured($"{lanes}-core machine", At(side).Cost, StepBenchmark.Run(At(side)).ImagesPerSecond, lanes);
    }

    private static IEnumerable<string> LinesOf(TrainingPlan plan, RunSpec spec, DeviceProfile device, int gpus, double? price)
    {
        yield return string.Create(CultureInfo.InvariantCulture, $"{spec.Recipe} at {spec.Resolution}, on {gpus} × {device.Name}");
        var rows = new List<(string, string)>
        {
            ("images", string.Create(CultureInfo.InvariantCulture, $"{spec.Kimg:N0} kimg in minibatches of {spec.Batch}: {plan.Iterations:N0} iterations")),
            ("time", string.Create(CultureInfo.InvariantCulture, $"{InWords(plan.Time)} at {plan.ImagesPerSecond:0.##} img/s ({plan.FlopsPerImage / 1e9:N0} GFLOP per image)")),
            ("memory", string.Create(CultureInfo.InvariantCulture, $"{InBytes(plan.MemoryBytes)} per device{(device.MemoryBytes is { } there ? plan.MemoryBytes > there ? $", but it has {there / 1e9:0} GB: too little; use a smaller shard" : $" of {there / 1e9:0} GB" : "")}")),
            ("disk", string.Create(CultureInfo.InvariantCulture, $"{InBytes(plan.Snapshots * plan.SnapshotBytes)} for {plan.Snapshots} snapshots of {InBytes(plan.SnapshotBytes)}, besides dataset and pictures")),
        };
        if (gpus > 1)
            rows.Add(("network", string.Create(CultureInfo.InvariantCulture, $"each device sends {InBytes(plan.SentBytes)} per iteration, in {plan.SentSeconds * 1000:0} ms")));
        rows.Add(("cost", string.Create(CultureInfo.InvariantCulture, $"{plan.DeviceHours:N0} device hours{(price is { } hour ? $", {plan.DeviceHours * hour:N0} at {hour:0.##} per hour" : "; --price multiplies")}")));
        foreach (var line in TextTable.Pairs(rows)) yield return $"  {line}";
        yield return "This assumes:";
        foreach (var assumption in plan.Assumptions) yield return $"  - {assumption}";
    }

    private static JsonObject JsonOf(TrainingPlan plan, RunSpec spec, DeviceProfile device, int gpus, double? price) => new()
    {
        ["recipe"] = spec.Recipe,
        ["resolution"] = spec.Resolution.ToString(),
        ["device"] = device.Name,
        ["gpus"] = gpus,
        ["kimg"] = spec.Kimg,
        ["iterations"] = plan.Iterations,
        ["seconds"] = Math.Round(plan.Time.TotalSeconds),
        ["images_per_second"] = Math.Round(plan.ImagesPerSecond, 4),
        ["flops_per_image"] = plan.FlopsPerImage,
        ["memory_bytes"] = Math.Round(plan.MemoryBytes),
        ["fits"] = device.MemoryBytes is null ? null : plan.MemoryBytes <= device.MemoryBytes,
        ["snapshots"] = plan.Snapshots,
        ["snapshot_bytes"] = plan.SnapshotBytes,
        ["sent_bytes_per_iteration"] = Math.Round(plan.SentBytes),
        ["sent_seconds_per_iteration"] = plan.SentSeconds,
        ["device_hours"] = Math.Round(plan.DeviceHours, 1),
        ["cost"] = price is { } hour ? Math.Round(plan.DeviceHours * hour, 2) : null,
        ["assumptions"] = new JsonArray([.. plan.Assumptions.Select(assumption => (JsonNode)assumption)]),
    };

    private static string InBytes(double bytes) =>
        bytes >= 1e9 ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.0} GB") : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0} MB");

    private static string InWords(TimeSpan time) => time switch
    {
        { TotalDays: >= 2 * 365 } => string.Create(CultureInfo.InvariantCulture, $"about {time.TotalDays / 365.25:0} years"),
        { TotalDays: >= 2 } => string.Create(CultureInfo.InvariantCulture, $"about {Math.Floor(time.TotalDays):N0} days {time.Hours} hours"),
        { TotalHours: >= 2 } => string.Create(CultureInfo.InvariantCulture, $"about {Math.Floor(time.TotalHours):0} hours {time.Minutes} minutes"),
        _ => string.Create(CultureInfo.InvariantCulture, $"about {Math.Ceiling(time.TotalMinutes):0} minutes"),
    };
}
