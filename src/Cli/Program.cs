using System.CommandLine;
using Atelier.Cli;
using Atelier.Cli.Commands;
using Atelier.Cli.Output;
using Atelier.Cli.Telemetry;

var root = new RootCommand("Atelier trains StyleGAN2: the same bits on any number of workers, through any crash.")
{
    TrainCommand.Create(),
    DemoCommand.Create(),
    SnapshotsCommand.Create(),
    GenerateCommand.Create(),
    MixCommand.Create(),
    VideoCommand.Create(),
    ProjectCommand.Create(),
    DetectCommand.Create(),
    ImportCommand.Create(),
    ExportCommand.Create(),
    CoordinatorCommand.Create(),
    WorkerCommand.Create(),
    SubmitCommand.Create(),
    RunCommands.List(),
    RunCommands.Describe(),
    WatchCommand.Create(),
    RunCommands.Logs(),
    RunCommands.Events(),
    RunCommands.Pause(),
    RunCommands.Resume(),
    RunCommands.Cancel(),
    RunCommands.Delete(),
    FleetCommands.Workers(),
    FleetCommands.Evict(),
    PlanCommand.Create(),
    MetricsCommand.Create(),
    AnalyzeCommand.Create(),
    CorrectCommand.Create(),
    CertsCommand.Create(),
    DashboardCommand.Create(),
    DatasetCommand.Create(),
    DoctorCommand.Create(),
    OracleCommand.Create(),
    BenchCommand.Create(),
    TestCommand.Create(),
    KernelsOption.Create(),
};
Terminal.Prepare();
return ErrorHandler.Run(() =>
{
    var parsed = root.Parse(args);
    UsageError.ThrowIfAny(parsed);
    KernelsOption.Apply(parsed);
    return CommandSpan.Run(parsed, () => parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false }));
});
