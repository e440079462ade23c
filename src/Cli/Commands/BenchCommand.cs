using System.CommandLine;

namespace Atelier.Cli.Commands;

/// <summary><c>atelier bench</c>: measurements, as ratios where there is something to compare with.</summary>
internal static class BenchCommand
{
    public static Command Create() => new("bench", "Measure this machine and this code")
    {
        BenchStepCommand.Create(),
        BenchOpsCommand.Create(),
        BenchDataCommand.Create(),
        BenchDatasetCommand.Create(),
        BenchAllReduceCommand.Create(),
        BenchFleetCommand.Create(),
        BenchMetricsCommand.Create(),
    };
}
