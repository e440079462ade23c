using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Atelier.Core;
using Atelier.Training.Benchmarks;
using Atelier.Training.Numerics;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier bench ops</c>: the rate of every op beside the machine's own.</summary>
internal static class BenchOpsCommand
{
    public static Command Create()
    {
        var threads = new Option<int>("--threads") { Description = "threads inside an op", DefaultValueFactory = _ => 1 };
        var json = new Option<bool>("--json") { Description = "print one JSON object an op" };
        var command = new Command("ops", "Time every op against matrix products and copies") { threads, json };
        command.SetAction(parsed => Run(parsed.GetValue(threads), parsed.GetValue(json)));
        return command;
    }

    private static int Run(int threads, bool json)
    {
        if (threads < 1 || threads > Environment.ProcessorCount)
            throw new UserErrorException($"--threads {threads}: a number from 1 to this machine's {Environment.ProcessorCount} is needed");
        NumericsEnvironment.Apply(threads);
        double gemm = GemmRate.Measure(threads), copy = CopyRate.Measure();
        if (!json)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"matrix products {gemm:0} GFLOP/s, copies {copy:0.0} GB/s, {threads} thread(s)"));
        foreach (var rate in OpsBenchmark.Run())
            Console.WriteLine(json ? Json(rate, gemm, copy) : Text(rate, rate.IsArithmetic ? gemm : copy));
        return ExitCode.Success;
    }

    private static string Text(OpRate rate, double floor)
    {
        string unit = rate.IsArithmetic ? "GFLOP/s" : "GB/s";
        string Part(string name, double seconds, double of) =>
            double.IsNaN(seconds) ? "" : string.Create(CultureInfo.InvariantCulture, $"  {name} {seconds * 1e3,7:0.00} ms {of,6:0.0} {unit} ({of / floor:0%})");
        return $"{rate.Op,-24}{Part("forward", rate.ForwardSeconds, rate.ForwardRate)}{Part("gradients", rate.BackwardSeconds, rate.BackwardRate)}";
    }

    private static string Json(OpRate rate, double gemm, double copy)
    {
        var line = new JsonObject
        {
            ["op"] = rate.Op,
            ["unit"] = rate.IsArithmetic ? "gflop_per_s" : "gb_per_s",
            ["machine"] = Math.Round(rate.IsArithmetic ? gemm : copy, 1),
            ["forward_s"] = Math.Round(rate.ForwardSeconds, 6),
            ["forward"] = Math.Round(rate.ForwardRate, 1),
        };
        if (!double.IsNaN(rate.BackwardSeconds))
        {
            line["gradients_s"] = Math.Round(rate.BackwardSeconds, 6);
            line["gradients"] = Math.Round(rate.BackwardRate, 1);
        }
        return line.ToJsonString();
    }
}
