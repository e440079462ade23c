using Atelier.AppHost;

var options = DemoOptions.Parse(args);
if (options is null)
    return DemoOptions.Explain();

// Aspire's dashboard is a process of its own, has texts in several languages, and ends at once without them.
Environment.SetEnvironmentVariable("DOTNET_SYSTEM_GLOBALIZATION_INVARIANT", null);
using var postgres = options.HasReplicas ? LocalPostgres.Create() : null;
if (options.HasReplicas && postgres is null)
    return LocalPostgres.ExplainMissing();

var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions { Args = DemoOptions.Configuration(), AllowUnsecuredTransport = true });
new DemoCluster(builder, options, postgres).Add();
await builder.Build().RunAsync();
return 0;
