using System.CommandLine;
using Atelier.Cli;
using Atelier.Cli.Commands;
using Atelier.Cli.Output;
using Atelier.Cli.Telemetry;

// By name, so that a command line costs the making of its own command alone.
(string Name, Func<Command> Create)[] commands =
[
    ("train", TrainCommand.Create),
    ("demo", DemoCommand.Create),
    ("snapshots", SnapshotsCommand.Create),
    ("generate", GenerateCommand.Create),
    ("mix", MixCommand.Create),
    ("video", VideoCommand.Create),
    ("project", ProjectCommand.Create),
    ("detect", DetectCommand.Create),
    ("import", ImportCommand.Create),
    ("export", ExportCommand.Create),
    ("coordinator", CoordinatorCommand.Create),
    ("worker", WorkerCommand.Create),
    ("submit", SubmitCommand.Create),
    ("ls", RunCommands.List),
    ("describe", RunCommands.Describe),
    ("watch", WatchCommand.Create),
    ("logs", RunCommands.Logs),
    ("events", RunCommands.Events),
    ("pause", RunCommands.Pause),
    ("resume", RunCommands.Resume),
    ("cancel", RunCommands.Cancel),
    ("delete", RunCommands.Delete),
    ("workers", FleetCommands.Workers),
    ("evict", FleetCommands.Evict),
    ("plan", PlanCommand.Create),
    ("metrics", MetricsCommand.Create),
    ("analyze", AnalyzeCommand.Create),
    ("correct", CorrectCommand.Create),
    ("certs", CertsCommand.Create),
    ("dashboard", DashboardCommand.Create),
    ("dataset", DatasetCommand.Create),
    ("doctor", DoctorCommand.Create),
    ("oracle", OracleCommand.Create),
    ("bench", BenchCommand.Create),
    ("test", TestCommand.Create),
];
var root = new RootCommand("Atelier trains StyleGAN2: the same bits on any number of workers, through any crash.") { KernelsOption.Create() };
// Help and mistyped names take all of them.
int named = args.Length == 0 ? -1 : Array.FindIndex(commands, command => command.Name == args[0]);
foreach (var (_, create) in named < 0 ? commands : [commands[named]])
    root.Subcommands.Add(create());
Terminal.Prepare();
return ErrorHandler.Run(() =>
{
    var parsed = root.Parse(args);
    UsageError.ThrowIfAny(parsed);
    KernelsOption.Apply(parsed);
    return CommandSpan.Run(parsed, () => parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false }));
});
