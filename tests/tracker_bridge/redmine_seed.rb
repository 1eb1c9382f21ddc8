# What the tests need of an empty Redmine: `rails runner redmine_seed.rb seed.json`.
wanted = JSON.parse(File.read(ARGV.first))
ActiveRecord::Migration.verbose = false
ActiveRecord::Base.connection.migration_context.migrate
ActiveRecord::Base.descendants.each(&:reset_column_information)

{ rest_api_enabled: '1', text_formatting: 'common_mark', default_language: 'ru', attachment_max_size: '2048',
  default_projects_public: '0', mail_from: 'redmine@tower.example',
  default_users_hide_mail: '0' }.each { |name, value| Setting[name] = value }

role = Role.create!(name: 'Диспетчеры', assignable: true, issues_visibility: 'all', users_visibility: 'all')
role.update!(permissions: role.setable_permissions.map(&:name))
statuses = wanted['statuses'].to_h { |name, closed| [name, IssueStatus.create!(name: name, is_closed: closed)] }
tracker = Tracker.create!(name: 'Заявка', default_status: statuses.values.first)
wanted['steps'].each do |before, after|
  WorkflowTransition.create!(tracker: tracker, role: role, old_status: statuses[before], new_status: statuses[after])
end
IssuePriority.create!(name: 'Обычный', is_default: true)

wanted['fields'].each do |name, values|
  IssueCustomField.create!(name: name, field_format: values.empty? ? 'string' : 'list', possible_values: values,
                           is_for_all: true, is_filter: true, trackers: [tracker])
end

closed = IssueCustomField.create!(name: 'Закрытое поле', field_format: 'string', is_for_all: true, trackers: [tracker])
WorkflowPermission.create!(tracker: tracker, role: role, old_status: statuses['Новый'], field_name: closed.id.to_s,
                           rule: 'readonly')

wanted['people'].each do |login, key|
  # An empty Redmine has one user, the administrator.
  user = User.find_by(login: login) || User.new(firstname: login.capitalize, lastname: 'Тестов', language: 'ru')
  user.login = login
  user.mail = "#{login}@tower.example"
  user.password = user.password_confirmation = "#{login}-password"
  user.must_change_passwd = false
  user.save!
  Token.create!(user: user, action: 'api').update_column(:value, key)
end

# The first issue of all: it is by an issue that people's programs get to know the fields.
project = Project.create!(name: 'first', identifier: 'first', trackers: [tracker])
Issue.create!(project: project, tracker: tracker, author: User.find_by(login: 'admin'), subject: 'Первая заявка')
project.update!(is_public: true)
