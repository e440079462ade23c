using System.CommandLine;
using System.Globalization;
using Atelier.Core;
using Atelier.Training.Numerics;
using Atelier.Training.Oracles;
using static TorchSharp.torch;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier oracle FILE…</c>: recomputes reference values and prints the error of each case.</summary>
internal static class OracleCommand
{
    public static Command Create()
    {
        var files = new Argument<string[]>("FILE") { Description = "safetensors files of reference values", Arity = ArgumentArity.OneOrMore };
        var dtype = new Option<string>("--dtype") { Description = "precision: float64 or float32", DefaultValueFactory = _ => "float64" };
        dtype.AcceptOnlyFromAmong("float64", "float32");
        var device = DeviceOption.Create();
        var command = new Command("oracle", "Recompute reference values of the published implementation") { files, dtype, device };
        command.SetAction(parsed => Run(parsed.GetValue(files)!, parsed.GetValue(dtype)!, parsed.GetValue(device)!));
        return command;
    }

    private static int Run(string[] files, string dtype, string deviceName)
    {
        NumericsEnvironment.Apply(threads: 1);
        var device = DeviceOption.Find(deviceName);
        var precision = dtype == "float64" ? ScalarType.Float64 : ScalarType.Float32;
        OracleResult? worst = null;
        bool passed = true;
        foreach (var file in files)
        {
            if (files.Length > 1)
                Console.WriteLine($"# {file}");
            foreach (var result in Oracle.Run(file, precision, device))
            {
                var note = result.Passed ? "" : $"  FAILED at {result.Tensor}, tolerance {Format(result.Tolerance)}";
                Console.WriteLine($"{result.Case} {Format(result.Error)}{note}");
                passed &= result.Passed;
                if (worst is null || result.Error > worst.Error || double.IsNaN(result.Error))
                    worst = result;
            }
        }
        if (worst is null)
            throw new UserErrorException("the files have no cases");
        Console.WriteLine($"worst {Format(worst.Error)} {worst.Case}");
        return passed ? ExitCode.Success : ExitCode.Mismatch;
    }

    private static string Format(double error) => error.ToString("0.00e+00", CultureInfo.InvariantCulture);
}
