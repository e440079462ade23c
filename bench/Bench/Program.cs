using System.CommandLine;
using Atelier.Bench;
using Atelier.Cli;

var root = new RootCommand("Benchmarks of Atelier's parts; `atelier bench` times whole training steps and sums over ranks.")
{
    KernelsCommand.Create(),
    OpsCommand.Create(),
    DecodingCommand.Create(),
    DatasetCommand.Create(),
    MetricsCommand.Create(),
    AnalysisCommand.Create(),
    ImportCommand.Create(),
    FleetCommand.Create(),
};
return ErrorHandler.Run(() =>
{
    var parsed = root.Parse(args);
    UsageError.ThrowIfAny(parsed);
    return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
});
